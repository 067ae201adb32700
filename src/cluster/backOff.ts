// As the kubelet waits for containers that end again and again, but sooner: k8s.io/kubernetes, `MaxContainerBackOff`
// and `backOffPeriod`. In milliseconds.
const shortestWait = 1000;
const longestWait = 300_000;

/** After so long it begins anew: twice the longest wait, as the kubelet does. */
const calm = 2 * longestWait;

/** So many times in a row may be an accident, or two. */
const timesToInsist = 3;

/** Lets what has to be set right again and again wait longer each time, so that nobody is raced with. */
export interface BackOff {
  /** Whether one of them is to be set right now: first at once, then after a second, later after a wait that doubles. */
  readonly isDue: (fields: ReadonlySet<string>, now: number) => boolean;
  /** Notes that all of them are set right, or tried; those that are so for the third time in a row it answers. */
  readonly note: (fields: ReadonlySet<string>, now: number) => readonly string[];
  /** Begins anew with them. */
  readonly forget: (fields: ReadonlySet<string>) => void;
}

interface Repair {
  readonly times: number;
  readonly at: number;
}

/** Makes a back-off; its times are of a clock that never jumps, in milliseconds. */
export function makeBackOff(): BackOff {
  const repairs = new Map<string, Repair>();

  function lastOf(field: string, now: number): Repair | undefined {
    const last = repairs.get(field);
    return last === undefined || now - last.at > calm ? undefined : last;
  }

  function isFieldDue(field: string, now: number): boolean {
    const last = lastOf(field, now);
    if (last === undefined) return true;
    const doublings = Math.max(last.times - timesToInsist, 0);
    return now - last.at >= Math.min(shortestWait * 2 ** doublings, longestWait);
  }

  return {
    isDue: (fields, now) => [...fields].some((field) => isFieldDue(field, now)),
    note: (fields, now) => {
      for (const field of fields) repairs.set(field, { times: (lastOf(field, now)?.times ?? 0) + 1, at: now });
      return [...fields].filter((field) => repairs.get(field)?.times === timesToInsist);
    },
    forget: (fields) => {
      for (const field of fields) repairs.delete(field);
    },
  };
}
