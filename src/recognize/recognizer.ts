import type { Sign } from './finding.ts';
import type { Line } from './line.ts';

/** Tells from one line what keeps a container from running; undefined where the line is not of its kind. */
export type Recognizer = (line: Line) => Sign | undefined;
