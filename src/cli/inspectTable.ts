import type { InspectedImage } from '../registry/inspectImage.ts';

type Spec = InspectedImage['profile']['spec'];

const none = 'none';
const unknown = 'unknown';

/** An image for people: what is known of it, a line each. */
export function formatInspected({ reference, profile: { spec }, starts, remarks }: InspectedImage): string {
  const rows: readonly (readonly [label: string, values: readonly string[]])[] = [
    ['digest', spec.digests ?? []],
    ['platform', [spec.platform ?? unknown]],
    ['starts', starts.length === 0 ? [unknown] : starts.slice(0, 10)],
    ['runs as', [sayUser(spec)]],
    ['steps down to', sayStepDown(spec)],
    ['ports', [sayList(spec.ports?.map(({ containerPort, protocol }) => `${containerPort}/${protocol ?? 'TCP'}`))]],
    ['volumes', [sayList(spec.volumes)]],
    ['file capabilities', sayCapabilities(spec)],
    ['writes to', sayWritable(spec)],
    ['remark', remarks],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.flatMap(([label, values]) =>
    values.map((value, index) => `  ${(index === 0 ? label : '').padEnd(width)}  ${printable(value)}`.trimEnd()),
  );
  return `${printable(reference.text)}\n${lines.join('\n')}\n`;
}

/** Whatever an image calls its things, a terminal is not to obey it. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: They are what is taken out.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
}

function sayUser({ declaredUser = '', user }: Spec): string {
  if (user === undefined) return declaredUser === '' ? unknown : `${declaredUser}, of whom no number is known`;
  const ids = user.gid === undefined ? `uid ${user.uid}` : `uid ${user.uid}, gid ${user.gid}`;
  if (declaredUser === '') return `root (${ids}), since it declares no user`;
  return user.source === 'passwd' ? `${declaredUser} (${ids} by its passwd)` : `${ids}, as it declares`;
}

function sayStepDown({ stepsDownTo }: Spec): readonly string[] {
  if (stepsDownTo === undefined) return [];
  const { name, uid, gid, guarded } = stepsDownTo;
  const ids =
    uid === undefined ? 'a user that is known at run time' : `uid ${uid}${gid === undefined ? '' : `, gid ${gid}`}`;
  const who = name === undefined ? ids : `${name} (${ids})`;
  return [`${who}, ${guarded ? 'only where it starts as root' : 'always, which takes root'}`];
}

function sayList(values: readonly string[] | undefined): string {
  if (values === undefined) return unknown;
  return values.length === 0 ? none : values.join(' ');
}

function sayCapabilities({ fileCapabilities }: Spec): readonly string[] {
  if (fileCapabilities === undefined) return [unknown];
  if (fileCapabilities.length === 0) return [none];
  return fileCapabilities.map(({ program, capabilities, effective, starts }) => {
    const need = starts ? (effective === false ? ', which starts' : ', which does not start without') : '';
    return `${program}: ${capabilities.join(' ')}${need}`;
  });
}

const sources: Readonly<Record<NonNullable<Spec['writablePaths']>[number]['source'], string>> = {
  volume: 'a volume',
  owned: 'open to its user',
  script: 'its scripts write there',
  binary: 'its program names it',
  documented: 'documented',
  observed: 'seen',
};

function sayWritable({ writablePaths, user, stepsDownTo }: Spec): readonly string[] {
  if (writablePaths === undefined) return [unknown];
  if (writablePaths.length === 0) return ['nothing: no directory is open to its user'];
  const width = Math.max(...writablePaths.map(({ path }) => Math.min(path.length, 40)));
  const isRoot = user?.uid === 0 && stepsDownTo?.uid === undefined;
  return writablePaths.map(({ path, source, hasContent }) => {
    const why = source === 'owned' && isRoot ? 'open to others than root' : sources[source];
    const content = hasContent === undefined ? '' : hasContent ? '; has content: mount nothing over it' : '; empty';
    return `${path.padEnd(width)}  ${why}${content}`;
  });
}
