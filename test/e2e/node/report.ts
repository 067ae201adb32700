/** A measurement, among the names of the tests. */
export function report(line: string): void {
  process.stdout.write(`      ${line}\n`);
}
