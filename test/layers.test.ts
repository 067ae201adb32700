import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');

/** Which floors a floor may import besides its own files. Said here once more, since a list that checks itself proves nothing. */
const floors: Readonly<Record<string, readonly string[]>> = {
  'core/json': [],
  'core/pod': ['core/json'],
  'core/policy': ['core/json', 'core/pod'],
  'core/images': ['core/json', 'core/pod', 'core/policy'],
  'core/decisions': ['core/json', 'core/pod', 'core/policy'],
  'core/rules': ['core/json', 'core/pod', 'core/policy', 'core/decisions'],
  core: ['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core/rules'],
  standards: ['core/json', 'core/pod', 'standards/checks'],
  'standards/checks': ['core/json', 'core/pod', 'standards'],
  admission: ['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core'],
  manifest: ['core/json'],
  recognize: ['core/json', 'recognize/recognizers'],
  'recognize/recognizers': ['recognize'],
  inspection: ['core/json', 'core/pod', 'core/images'],
  registry: ['core/json', 'core/pod', 'core/images', 'inspection'],
  files: ['core/policy', 'manifest'],
  certificates: ['core/json'],
  server: ['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core', 'admission', 'files', 'certificates'],
  cluster: ['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core', 'files', 'certificates'],
  run: [
    ...['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core'],
    ...['files', 'certificates', 'server', 'cluster'],
  ],
  cli: [
    ...['core/json', 'core/pod', 'core/policy', 'core/decisions', 'core'],
    ...['standards', 'manifest', 'recognize', 'registry', 'files', 'certificates', 'run'],
  ],
};

/** Which packages a floor may import; those with Node's own modules name which, or all of them. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'core/json': ['fast-json-patch'],
  'core/policy': ['minimatch', 'zod'],
  'core/images': ['zod'],
  manifest: ['fast-json-patch', 'yaml'],
  registry: ['node:'],
  files: ['node:fs/promises', 'node:path'],
  certificates: ['node:crypto', 'node:net', 'node:os', '@peculiar/x509', 'reflect-metadata'],
  server: ['node:', 'express', 'prom-client', 'winston'],
  cluster: ['node:', '@kubernetes/client-node', 'winston', 'zod'],
  run: ['node:', 'winston'],
  cli: ['node:', 'commander', 'diff'],
};

const pureFloors = [
  ...['core/json', 'core/pod', 'core/policy', 'core/images', 'core/decisions', 'core/rules', 'core'],
  ...['standards', 'standards/checks', 'admission', 'manifest', 'recognize', 'recognize/recognizers'],
  'inspection',
];

/** What JavaScript itself brings, of which the pure folders may use all: it says the same everywhere and always. */
const pureGlobals = `
  AggregateError Array ArrayBuffer AsyncDisposableStack atob BigInt BigInt64Array BigUint64Array Boolean btoa DataView
  decodeURI decodeURIComponent DisposableStack DOMException encodeURI encodeURIComponent Error escape EvalError
  Float16Array Float32Array Float64Array Infinity Int16Array Int32Array Int8Array isFinite isNaN Iterator JSON Map Math
  NaN Number Object parseFloat parseInt Promise Proxy RangeError ReferenceError Reflect RegExp Set String
  structuredClone SuppressedError Symbol SyntaxError TextDecoder TextEncoder TypeError Uint16Array Uint32Array
  Uint8Array Uint8ClampedArray undefined unescape URIError URL URLPattern URLSearchParams WeakMap WeakSet
`
  .trim()
  .split(/\s+/);

/** One line of a planted file. */
interface Planted {
  readonly text: string;
  /** Whether the linter has to refuse it. */
  readonly isRefused: boolean;
}

const builtins = [
  'node:child_process',
  'node:crypto',
  'node:fs',
  'node:fs/promises',
  'node:net',
  'node:os',
  'node:path',
];

function dependencies(): readonly string[] {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
}

/** Every floor imports every other one, and every package, each on a line. */
function plantImports(floor: string): readonly Planted[] {
  const allowedFloors = floors[floor] ?? [];
  const allowedPackages = packages[floor] ?? [];
  const others = Object.keys(floors).filter((other) => other !== floor);
  return [
    ...others.map((other) => ({
      text: `import '${specifier(floor, other)}';`,
      isRefused: !allowedFloors.includes(other),
    })),
    // A rule knows nothing of the next one; everywhere else neighbours may know each other.
    { text: `import './planted.ts';`, isRefused: floor === 'core/rules' || floor === 'recognize/recognizers' },
    ...[...dependencies(), ...builtins, 'never-heard-of'].map((name) => ({
      text: `import '${name}';`,
      isRefused: !allowedPackages.some(
        (allowed) => name === allowed || (allowed === 'node:' && name.startsWith(allowed)),
      ),
    })),
  ];
}

function specifier(from: string, to: string): string {
  const path = relative(from, join(to, 'planted.ts'));
  return path.startsWith('.') ? path : `./${path}`;
}

/** Ways to import what is not allowed without looking like it. */
const disguises: readonly Planted[] = [
  "import type { App } from '../../server/app.ts';",
  "export { app } from '../../server/app.ts';",
  "export * from '../../server/app.ts';",
  "import './../../server/app.ts';",
  "import '../json/../../server/app.ts';",
  "import '.././../server/app.ts';",
  "import '/src/server/app.ts';",
  "import '#server';",
  "import 'zod/v4';",
  "await import('../../server/app.ts');",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: It is planted as it stands.
  'await import(`../../${app}.ts`);',
  'await import(`../json/json.ts`);',
  "await import('../json/json.ts' + app);",
  'await import(app);',
  "type App = import('../../server/app.ts').App;",
  "type App2 = typeof import('../../server/app.ts');",
  "require('../../server/app.ts');",
].map((text) => ({ text, isRefused: true }));

/** Clock, chance, environment and I/O without a name of their own. */
const members: readonly Planted[] = [
  ...[
    ...['Math.random();', "Math['random']();", 'Math?.random();', 'const { random } = Math;', 'call(Math);'],
    ...["'a'.localeCompare('b');", 'text.toLocaleString();', 'import.meta.dirname;', "import.meta.resolve('zod');"],
    ...['globalThis.Date.now();', 'new Date();', 'Date();', 'call(setTimeout);', 'const { env } = process;'],
  ].map((text) => ({ text, isRefused: true })),
  ...['Math.max(1, 2);', 'Math.min(1, Math.round(2));', 'const aDate = 1;', 'call({ Date: 1 }.Date);'].map((text) => ({
    text,
    isRefused: false,
  })),
];

function plantGlobals(): readonly Planted[] {
  // In a process of its own, since mocha adds some, and from standard input, since `-p` adds Node's modules.
  const input = 'process.stdout.write(JSON.stringify(Object.getOwnPropertyNames(globalThis)))';
  const names = execFileSync(process.execPath, ['--input-type=module', '-'], { input, encoding: 'utf8' });
  return [...(JSON.parse(names) as readonly string[]), 'require', '__dirname', '__filename'].map((name) => ({
    text: `call(${name});`,
    isRefused: !pureGlobals.includes(name) || name === 'Math',
  }));
}

/** What the linter says of planted files, as `file:line`. */
function lint(files: ReadonlyMap<string, readonly Planted[]>): ReadonlySet<string> {
  const directory = mkdtempSync(join(tmpdir(), 'kube-harden-layers-'));
  try {
    cpSync(join(root, 'biome.json'), join(directory, 'biome.json'));
    cpSync(join(root, 'lint'), join(directory, 'lint'), { recursive: true });
    for (const [file, lines] of files) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), lines.map(({ text }) => `${text}\n`).join(''));
    }
    const biome = join(root, 'node_modules/.bin/biome');
    const only = ['style/noRestrictedImports', 'style/noRestrictedGlobals', 'style/noCommonJs', 'plugin'];
    const args = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=github'];
    const run = spawnSync(biome, [...args, ...only.map((rule) => `--only=${rule}`), 'src'], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 30_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    // A notice is a plugin that failed itself.
    expect(run.stdout).to.not.include('::notice');
    const found = run.stdout.matchAll(/^::error .*?,file=(?:.*\/)?(src\/[^,]+),line=(\d+)/gm);
    return new Set([...found].map(([, file, line]) => `${file}:${line}`));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('the layers', function () {
  this.timeout(60_000);
  const files = new Map<string, readonly Planted[]>();
  let refused: ReadonlySet<string> = new Set();

  before(() => {
    for (const floor of Object.keys(floors)) files.set(`src/${floor}/planted.ts`, plantImports(floor));
    files.set('src/core/pod/disguises.ts', disguises);
    files.set('src/unheardOf/planted.ts', [
      { text: "import './other.ts';", isRefused: true },
      { text: "import 'zod';", isRefused: true },
    ]);
    files.set('src/planted.ts', [{ text: "import './cli/program.ts';", isRefused: true }]);
    files.set('src/main.ts', [
      { text: "import './cli/program.ts';", isRefused: false },
      { text: "import './server/app.ts';", isRefused: true },
      { text: "import 'express';", isRefused: true },
    ]);
    for (const floor of pureFloors) {
      files.set(`src/${floor}/globals.ts`, plantGlobals());
      files.set(`src/${floor}/members.ts`, members);
    }
    refused = lint(files);
  });

  const wrong = (wanted: (file: string) => boolean): readonly string[] =>
    [...files]
      .filter(([file]) => wanted(file))
      .flatMap(([file, lines]) =>
        lines.flatMap(({ text, isRefused }, index) =>
          refused.has(`${file}:${index + 1}`) === isRefused
            ? []
            : [`${file}: ${text} ${isRefused ? 'is let through' : 'is refused'}`],
        ),
      );

  for (const floor of Object.keys(floors)) {
    it(`holds what src/${floor} may import`, () => {
      expect(wrong((file) => file === `src/${floor}/planted.ts`)).to.deep.equal([]);
    });
  }

  for (const floor of pureFloors) {
    it(`holds src/${floor} free of clock, chance, environment and I/O`, () => {
      expect(wrong((file) => file === `src/${floor}/globals.ts` || file === `src/${floor}/members.ts`)).to.deep.equal(
        [],
      );
    });
  }

  it('sees through disguised imports', () => {
    expect(wrong((file) => file === 'src/core/pod/disguises.ts')).to.deep.equal([]);
  });

  it('lets a folder without a list, and main.ts, import nothing more', () => {
    expect(wrong((file) => /^src\/(unheardOf\/)?\w+\.ts$/.test(file))).to.deep.equal([]);
  });

  it('knows every folder of src/', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(join(root, 'src'), join(entry.parentPath, entry.name)));
    expect(folders.sort()).to.deep.equal(Object.keys(floors).sort());
  });

  it('are left by nobody with a comment to the linter', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const held = /biome-ignore.*(noRestricted|noCommonJs|lint\/plugin|noImportCycles|biome-ignore-all|lint:)/;
    expect(files.filter((file) => held.test(readFileSync(join(root, 'src', file), 'utf8')))).to.deep.equal([]);
  });
});
