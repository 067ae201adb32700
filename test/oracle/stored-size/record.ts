// Records which fields the messages of a pod have, for src/core/pod/storedSize.ts. Needs Go.
//
//   node test/oracle/stored-size/record.ts

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runScript, withGoProgram } from '../goProgram.ts';

const file = fileURLToPath(new URL('../../../src/core/pod/storedFields.ts', import.meta.url));
/** As the formatter has it. */
const lineWidth = 120;

const modules = ['k8s.io/api', 'k8s.io/apimachinery'];

runScript(() => {
  const { fields, versions } = withGoProgram(import.meta.dirname, ({ go }) => ({
    fields: JSON.parse(go(['run', '.', 'fields'])) as Readonly<Record<string, string>>,
    versions: modules.map((module) => go(['list', '-m', module]).trim()),
  }));
  writeFileSync(file, asText(fields, versions.join(' and ')));
  process.stdout.write(`${Object.keys(fields).length} messages recorded in ${file}\n`);
});

/** One line a message, so that a recording can be compared with the one before. */
function asText(fields: Readonly<Record<string, string>>, source: string): string {
  const lines = Object.entries(fields).map(([message, text]) => {
    const line = `  ${message}: '${text}',`;
    return line.length <= lineWidth ? line : `  ${message}:\n    '${text}',`;
  });
  return `/**
 * The messages of a pod: each field as \`name:number:kind\`. A field without a name has its own fields among those of the
 * message around it in JSON. Marks of a kind: \`!\` is written although it is empty, \`*\` is a list, \`%\` is a map from texts.
 *
 * Written by test/oracle/stored-size/record.ts. Source: the Go structures of
 * ${source}.
 */
export const storedFields = {
${lines.join('\n')}
};
`;
}
