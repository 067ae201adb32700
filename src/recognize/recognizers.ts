import type { Recognizer } from './recognizer.ts';
import { chown } from './recognizers/chown.ts';
import { dropsUser } from './recognizers/dropsUser.ts';
import { fileCapabilities } from './recognizers/fileCapabilities.ts';
import { lowPort } from './recognizers/lowPort.ts';
import { namedUser } from './recognizers/namedUser.ts';
import { notOwner } from './recognizers/notOwner.ts';
import { other } from './recognizers/other.ts';
import { ownerOfRun } from './recognizers/ownerOfRun.ts';
import { readOnlyRoot } from './recognizers/readOnlyRoot.ts';
import { rootImage } from './recognizers/rootImage.ts';

/** Every recogniser, the surest first: the first one that knows a line has the word. */
export const recognizers: readonly Recognizer[] = [
  namedUser,
  rootImage,
  ownerOfRun,
  dropsUser,
  fileCapabilities,
  other,
  readOnlyRoot,
  chown,
  lowPort,
  notOwner,
];
