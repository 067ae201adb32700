import { expect } from 'chai';
import fc from 'fast-check';
import type { Cause } from '../../src/recognize/finding.ts';
import { findMessages } from '../../src/recognize/messages.ts';
import { recognize } from '../../src/recognize/recognize.ts';

type Row = readonly [line: string, path?: string | null, capability?: string | null];

/** What programs print, as they print it. */
const lines: Readonly<Record<Cause, readonly Row[]>> = {
  'read-only-root': [
    ['nginx: [emerg] open() "/var/run/nginx.pid" failed (30: Read-only file system)', '/var/run'],
    [
      '(30)Read-only file system: AH00099: could not create /usr/local/apache2/logs/httpd.pid',
      '/usr/local/apache2/logs',
    ],
    ["OSError: [Errno 30] Read-only file system: '/srv/shop/cache/index'", '/srv/shop/cache'],
    [
      '# Failed opening the temp RDB file temp-1.rdb (in server root dir /data) for saving: Read-only file system',
      '/data',
    ],
    ["Error: EROFS: read-only file system, mkdir '/app/.next/cache'", '/app/.next'],
    ["Error: ENOENT: no such file or directory, mkdir '/home/shop/.cache'", '/home/shop/.cache'],
    ['java.io.FileNotFoundException: /opt/shop/logs/gc.log (Read-only file system)', '/opt/shop/logs'],
    ['WebServerException: Unable to create tempDir. java.io.tmpdir is set to /tmp', '/tmp'],
    ['Os { code: 30, kind: ReadOnlyFilesystem, message: "Read-only file system" }', null],
    ["rm: can't remove '/var/run/supervisor.sock': Read-only file system", '/var/run'],
    ['/entrypoint.sh: line 23: /usr/share/nginx/html/env.js: Read-only file system', '/usr/share/nginx/html'],
    ['/entrypoint.sh: line 71: cannot create temp file for here-document: Read-only file system', '/tmp'],
    ["sed: can't create temp file '/etc/nginx/conf.d/default.confXXXXXX': Read-only file system", '/etc/nginx/conf.d'],
    ['{"level":"fatal","msg":"open \\/var\\/lib\\/shop\\/queue.db: read-only file system"}', '/var/lib/shop'],
    ['mkdir /rules: read-only file system', '/rules'],
    ['could not create lock file "postmaster.pid": Read-only file system', null],
  ],
  'named-user': [['container has runAsNonRoot and image has non-numeric user (shop), cannot verify user is non-root']],
  'root-image': [
    ['Error: container has runAsNonRoot and image will run as root (pod: "web_shop(1)", container: web)'],
    ['Error: container\'s runAsUser breaks non-root policy (pod: "web_shop(1)", container: web)'],
  ],
  'file-capabilities': [
    ['exec /usr/bin/caddy: operation not permitted', null, 'NET_BIND_SERVICE'],
    [
      'runc create failed: unable to start container process: exec: "/usr/bin/caddy": operation not permitted: unknown',
      null,
      'NET_BIND_SERVICE',
    ],
  ],
  'not-owner': [
    ["mkdir: cannot create directory '/var/lib/grafana/plugins': Permission denied", '/var/lib/grafana'],
    ["GF_PATHS_DATA='/var/lib/grafana' is not writable.", '/var/lib/grafana'],
    [
      "mysqld: Can't create/write to file '/var/lib/mysql/is_writable' (OS errno 13 - Permission denied)",
      '/var/lib/mysql',
    ],
    ["find: '/var/lib/redis': Permission denied", '/var/lib/redis'],
    ["# Can't open the append-only file appendonly.aof: Permission denied", null],
    ['java.nio.file.AccessDeniedException: /usr/share/shop/config/shop.keystore', '/usr/share/shop/config'],
    [
      'file_put_contents(/var/www/html/storage/views/a.php): Failed to open stream: Permission denied',
      '/var/www/html/storage/views',
    ],
    ['level=error err="open DB: open /prometheus/lock: permission denied"', '/prometheus'],
    ['bind: permission denied unix:/var/run/shop.sock', '/var/run'],
    ['FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership', '/var/lib/postgresql/data'],
  ],
  chown: [
    ["chown: changing ownership of '/var/lib/shop': Operation not permitted", '/var/lib/shop', 'CHOWN'],
    [
      'nginx: [emerg] chown("/var/cache/nginx/client_temp", 101) failed (1: Operation not permitted)',
      '/var/cache/nginx/client_temp',
      'CHOWN',
    ],
    [
      'initdb: error: could not change permissions of directory "/var/lib/postgresql/data": Operation not permitted',
      '/var/lib/postgresql/data',
      'FOWNER',
    ],
    ["Failed to set capabilities on file '/bin/vault' (Operation not permitted)", null, 'SETFCAP'],
  ],
  'drops-user': [
    ['su-exec: setgroups: Operation not permitted', null, 'SETGID'],
    ["error: failed switching to 'redis': operation not permitted", null, 'SETUID'],
    ['nginx: [emerg] setgid(101) failed (1: Operation not permitted)', null, 'SETGID'],
    ['s6-applyuidgid: fatal: unable to set supplementary group list: Operation not permitted', null, 'SETGID'],
    ['sudo: The "no new privileges" flag is set, which prevents sudo from running as root.', null, 'SETUID'],
  ],
  'low-port': [
    ['[emerg] 1#1: bind() to 0.0.0.0:80 failed (13: Permission denied)', null, 'NET_BIND_SERVICE'],
    ['listen tcp :443: bind: permission denied', null, 'NET_BIND_SERVICE'],
    ['Error: listen EACCES: permission denied 0.0.0.0:80', null, 'NET_BIND_SERVICE'],
    ['(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80', null, 'NET_BIND_SERVICE'],
    ['Starting frontend http: cannot bind socket (Permission denied) [0.0.0.0:80]', null, 'NET_BIND_SERVICE'],
  ],
  'owner-of-run': [
    ['preinit: fatal: /run belongs to uid 0 instead of 999 and we are lacking the privileges to fix it.'],
  ],
  other: [
    ['ping: socket: Operation not permitted', null, 'NET_RAW'],
    ['iptables: Could not fetch rule set generation id: Permission denied (you must be root)', null, 'NET_ADMIN'],
    ['Failed to create /init.scope control group: Read-only file system'],
  ],
};

/** What says nothing of hardening. */
const silent = [
  'listening on 0.0.0.0:8080',
  'GET /static/app.js 200',
  "ERROR 1045 (28000): Access denied for user 'shop'@'10.0.0.1' (using password: YES)",
  'ERROR: permission denied for table orders',
  'git@example.com: Permission denied (publickey).',
  'rpc error: code = PermissionDenied desc = permission denied',
  'pods is forbidden: User "shop" cannot list resource "pods": permission denied',
  '[warn] the "user" directive makes sense only if the master process runs with super-user privileges',
  '',
];

const recognizeLine = (text: string) => recognize([{ container: null, text }]);

describe('recognize', () => {
  for (const [cause, rows] of Object.entries(lines)) {
    for (const [line, path = null, capability = null] of rows) {
      it(`knows ${cause} by ${line}`, () => {
        const [finding, ...others] = recognizeLine(line);
        expect(others).to.deep.equal([]);
        expect(finding).to.deep.include({ cause, path, capability });
      });
    }
  }

  for (const line of silent) {
    it(`says nothing of ${line || 'an empty line'}`, () => expect(recognizeLine(line)).to.deep.equal([]));
  }

  it('tells each cause once, in the order in which they come, whatever colours and control characters stand there', () => {
    const text = '\u001b[31mopen /data/a: read-only file system\u001b[0m\u0007';
    const findings = recognize(
      [text, 'x', text, 'open /data/b: read-only file system', 'setgid(1) failed: not permitted'].map((each) => ({
        container: 'web',
        text: each,
      })),
    );
    expect(findings.map(({ container, line, cause }) => [container, line, cause])).to.deep.equal([
      ['web', 'open /data/a: read-only file system', 'read-only-root'],
      ['web', 'setgid(1) failed: not permitted', 'drops-user'],
    ]);
  });

  it('never throws, and takes time in proportion, whatever a log holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void recognizeLine(text)));
    const hostile = [
      '/'.repeat(1_000_000),
      `${'/a: '.repeat(250_000)}: read-only file system`,
      `permission denied ${'"/a'.repeat(300_000)}`,
      '\u001b['.repeat(500_000),
    ];
    const start = performance.now();
    for (const text of hostile) recognizeLine(text);
    recognize(
      Array.from({ length: 100_000 }, (_, index) => ({
        container: null,
        text: `open /d${index}/a: permission denied`,
      })),
    );
    expect(performance.now() - start).to.be.below(3000);
  });
});

describe('a remedy', () => {
  const remedyOf = (line: string) => recognizeLine(line)[0]?.remedy;

  it('is a writable path where nothing of the image can be hidden', () => {
    for (const path of [
      '/var/run',
      '/tmp',
      '/data',
      '/alertmanager',
      '/home/shop/.cache',
      '/opt/shop/logs',
      '/usr/share/shop/data',
    ]) {
      expect(remedyOf(`open ${path}/x: read-only file system`), path).to.deep.equal({
        to: 'annotation',
        text: `annotate the pod, in its workload's template, with kube-harden.io/writable-paths: "${path}"; it counts for new pods`,
        patch: { metadata: { annotations: { 'kube-harden.io/writable-paths': path } } },
      });
    }
  });

  it('never mounts over what may be content of the image', () => {
    for (const path of [
      '/etc/nginx/conf.d',
      '/usr/share/nginx/html',
      '/opt/shop/config',
      '/app',
      '/var/www/html',
      '/home/shop',
      '/app/.next',
    ]) {
      for (const error of ['read-only file system', 'permission denied']) {
        const remedy = remedyOf(`open ${path}/x: ${error}`);
        expect(remedy?.patch, path).to.equal(null);
        expect(remedy?.text).to.match(
          new RegExp(`^the image may have files in ${path}, which an emptyDir would hide: `),
        );
      }
    }
  });

  it('is a number for a user whose number is the same everywhere, and the way to it for others', () => {
    const line = (user: string) => `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify`;
    expect(remedyOf(line('nobody'))).to.deep.include({
      to: 'pod',
      patch: { spec: { securityContext: { runAsUser: 65_534 } } },
    });
    expect(remedyOf(line('shop'))).to.deep.equal({
      to: 'pod',
      text: `set runAsUser to the number of the user "shop" in the image's /etc/passwd`,
      patch: null,
    });
  });

  it('never gives root back where less will do', () => {
    for (const rows of Object.values(lines)) {
      for (const [line] of rows) {
        const text = JSON.stringify(remedyOf(line));
        expect(text, line).to.not.match(
          /"runAsUser":0|"privileged":true|"runAsNonRoot":false|"allowPrivilegeEscalation":true/,
        );
      }
    }
  });
});

describe('findMessages', () => {
  const state = (message: string) => ({ waiting: { reason: 'CreateContainerConfigError', message } });

  it('reads what the kubelet says of each container, and the conditions', () => {
    const pod = {
      kind: 'Pod',
      status: {
        initContainerStatuses: [{ name: 'init', state: state('a') }],
        containerStatuses: [
          { name: 'web', state: state('b'), lastState: { terminated: { message: 'c\nd' } } },
          { name: 'quiet', state: { running: {} } },
        ],
        conditions: [{ type: 'PodScheduled', message: 'e' }, {}],
        message: 'f',
      },
    };
    const found = findMessages(pod)?.map(({ container, text }) => [container, text]);
    expect(found).to.deep.equal([
      ['init', 'a'],
      ['web', 'b'],
      ['web', 'c'],
      ['web', 'd'],
      [null, 'e'],
      [null, 'f'],
    ]);
  });

  it('reads lists, of items with a kind and without one, and events', () => {
    const status = { containerStatuses: [{ name: 'web', state: state('a') }] };
    expect(findMessages({ kind: 'List', items: [{ kind: 'Pod', status }, { kind: 'Secret' }] })).to.have.length(1);
    expect(findMessages({ kind: 'PodList', items: [{ status }, { status }] })).to.have.length(2);
    expect(findMessages({ kind: 'EventList', items: [{ message: 'x' }] })).to.deep.equal([
      { container: null, text: 'x' },
    ]);
  });

  it('is told from everything else', () => {
    for (const other of [
      null,
      1,
      'text',
      [],
      {},
      { kind: 'Deployment', status: {} },
      { kind: 'Pod' },
      { kind: 'List', items: [] },
    ]) {
      expect(findMessages(other), JSON.stringify(other)).to.equal(undefined);
    }
  });
});
