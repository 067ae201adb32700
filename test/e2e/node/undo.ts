type Step = () => void | Promise<void>;

/** What has been done to the machine and has to be undone. */
export interface Undo {
  /** To be undone before all that was added earlier. */
  readonly add: (step: Step) => void;
  /** Undoes everything, once. */
  readonly all: () => Promise<void>;
}

/** Undoes everything also when somebody breaks the tests off. */
export function makeUndo(): Undo {
  const steps: Step[] = [];
  const all = async (): Promise<void> => {
    const step = steps.pop();
    if (step === undefined) return;
    try {
      await step();
    } finally {
      await all();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void all().finally(() => process.exit(1)));
  }
  return { add: (step) => void steps.push(step), all };
}
