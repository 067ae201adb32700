import type { Streams } from './streams.ts';

/** Fewer are done before anybody wonders. */
const fewestToShow = 50;

/** Drawing more often than ten times a second only costs time. */
const millisecondsBetweenDraws = 100;

export interface Progress {
  readonly update: (done: number, total: number) => void;
  readonly clear: () => void;
}

/** Shows on a terminal how far long work has come, on one line that goes away again; elsewhere nothing. */
export function makeProgress(stderr: Streams['stderr'], things: string): Progress {
  let lastDraw = 0;
  let isDrawn = false;
  return {
    update: (done, total) => {
      const now = performance.now();
      if (stderr.isTTY !== true || total < fewestToShow || now - lastDraw < millisecondsBetweenDraws) return;
      stderr.write(`\r\u001b[K${done} of ${total} ${things}`);
      lastDraw = now;
      isDrawn = true;
    },
    clear: () => {
      if (isDrawn) stderr.write('\r\u001b[K');
      isDrawn = false;
    },
  };
}
