/**
 * Preloaded into a process, it makes its clock wrong: `Date` is ahead by the milliseconds in SHIFTED_CLOCK. SIGUSR2 sets
 * it right, and wrong again. Timers and TLS go by the true clock, as they would where the time is set while a process runs.
 */
const shift = Number(process.env['SHIFTED_CLOCK']);
let isWrong = process.env['SHIFTED_CLOCK_FROM'] === 'start';
process.on('SIGUSR2', () => {
  isWrong = !isWrong;
});

const TrueDate = Date;
const now = (): number => TrueDate.now() + (isWrong ? shift : 0);
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, values, newTarget): Date =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget) as Date,
  apply: () => new TrueDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
});
