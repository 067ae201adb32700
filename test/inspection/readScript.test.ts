import { expect } from 'chai';
import type { ScriptFacts } from '../../src/inspection/readScript.ts';
import { readScript } from '../../src/inspection/readScript.ts';

function read(script: string, environment: Readonly<Record<string, string>> = {}): ScriptFacts {
  return readScript(script, new Map(Object.entries(environment)));
}

/** Whom it becomes: `user guarded` or `user always`. */
function stepsDown(script: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  return read(script, environment).stepsDown.map(
    ({ user, isGuarded }) => `${user?.text ?? '?'} ${isGuarded ? 'guarded' : 'always'}`,
  );
}

describe('readScript', () => {
  for (const [script, ...expected] of [
    [`if [ "$(id -u)" = '0' ]; then\n  exec gosu postgres "$0" "$@"\nfi\nexec "$@"`, 'postgres guarded'],
    [`if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then exec su-exec redis "$0" "$@"; fi`, 'redis guarded'],
    [
      `if [ "$1" = 'a' ] && [ "$(id -u)" = '0' ]\nthen\n\texec setpriv --reuid=redis --regid=redis "$@"\nfi`,
      'redis guarded',
    ],
    [`[ "$(id -u)" = 0 ] && exec su-exec app "$@"`, 'app guarded'],
    [`[ $(id -u) -ne 0 ] || exec su-exec app "$@"`, 'app guarded'],
    [`if [ $(id -u) != 0 ]; then exec "$@"; fi\nexec gosu app "$@"`, 'app guarded'],
    [`if [ "$(id -u)" -ne 0 ]; then run; else exec runuser -u app -- "$@"; fi`, 'app guarded'],
    [`user="$(id -u)"\nif [ "$user" = '0' ]; then exec gosu app "$@"; fi`, 'app guarded'],
    [`[[ $EUID -eq 0 ]] && exec chpst -u app:group "$@"`, 'app:group guarded'],
    [`case "$(id -u)" in\n0) exec gosu app "$@" ;;\nesac`, 'app guarded'],
    [`main() {\n  exec gosu app "$@"\n}\nif [ "$(id -u)" = 0 ]; then main "$@"; fi`, 'app guarded'],
    [`exec su-exec app:app "$@"`, 'app:app always'],
    [`exec su - app -s /bin/sh -c "server"`, 'app always'],
    [`exec su -s /bin/sh app -c server`, 'app always'],
    [`#!/command/with-contenv sh\nexec s6-setuidgid abc /app/run`, 'abc always'],
    [`set -- gosu elasticsearch "$@"`, 'elasticsearch always'],
    [`USER_NAME=\${USER_NAME:-web}\nexec gosu "$USER_NAME" "$@"`, 'web always'],
    [`exec gosu "$APP_USER" "$@"`, '? always'],
    [`if [ "$1" = 0 ]; then exec gosu app "$@"; fi`, 'app always'],
    [`echo "use gosu app"; command -v gosu app; apk add su-exec shadow; which gosu app`],
    [`# exec gosu app\ncat <<EOF\nexec gosu app\nEOF\nexec "$@"`],
    [`sudo -E "$@"; su; gosu`],
  ] as const) {
    it(`finds ${expected.length === 0 ? 'nobody' : expected.join(', ')} in ${script.slice(0, 60)}`, () => {
      expect(stepsDown(script)).to.deep.equal(expected);
    });
  }

  it("looks users up in the image's environment, and marks them", () => {
    expect(read('exec gosu "$APP_USER" "$@"', { APP_USER: 'app' }).stepsDown).to.deep.equal([
      { user: { text: 'app', isPrivate: true }, isGuarded: false },
    ]);
  });

  it('finds what is written to', () => {
    const script = `
      DATA=/var/lib/app
      mkdir -p "$DATA"/db /run/app && chown -R app:app "$DATA" /run/app
      chmod 700 /secret
      touch /var/log/app.log
      echo x > /etc/app/conf
      sed -i -e 's/a/b/' /etc/app/other
      cp /a /b /opt/target
      install -d -m 755 /srv/made
      find /data \\! -user app -exec chown app '{}' +
      mkdir relative "$UNKNOWN/x"
      cat /etc/read < /etc/in 2>/dev/null`;
    expect(read(script).writes.map(({ text, isFile }) => `${text}${isFile ? '' : '/'}`)).to.deep.equal([
      ...[
        '/var/lib/app/db/',
        '/run/app/',
        '/var/lib/app/',
        '/run/app/',
        '/secret/',
        '/var/log/app.log',
        '/etc/app/conf',
      ],
      ...['/etc/app/other', '/opt/target/', '/srv/made/', '/data/', '/dev/null'],
    ]);
  });

  it('finds what is run, and whether it hands over', () => {
    const script = `. /opt/env.sh
      /opt/first --x
      SERVER=\${SERVER:-/usr/bin/server}
      set -- "$SERVER" "$@"
      exec su -s /bin/sh app -c "x"
      exec /usr/bin/other --flag value
      exec "$@"`;
    const { runs, runsArguments } = read(script);
    expect(runs.map(({ program, isHandover }) => `${program}${isHandover ? ' takes over' : ''}`)).to.deep.equal([
      ...['.', '/opt/env.sh', '/opt/first', 'SERVER=/usr/bin/server', 'set takes over', '/usr/bin/server takes over'],
      ...[
        'exec takes over',
        'su takes over',
        '/bin/sh',
        'exec takes over',
        '/usr/bin/other takes over',
        'exec takes over',
      ],
    ]);
    expect(runsArguments).to.equal(true);
    expect(read('echo "$@"').runsArguments).to.equal(false);
  });

  it('finds the paths that variables are set to', () => {
    const { names } = read(
      `export LOG_DIR=/var/log/app$SUFFIX\nSUFFIX=\nPID=/run/app$SUFFIX/pid\n: \${LIB:=/var/lib/app}\nX=relative`,
    );
    expect(names).to.deep.equal([
      { text: '/run/app/pid', isPrivate: false },
      { text: '/var/lib/app', isPrivate: false },
    ]);
  });

  it('takes no longer for what is hostile', () => {
    const started = performance.now();
    for (const text of [
      '$('.repeat(50_000),
      '"'.repeat(65_535),
      '{'.repeat(65_535),
      'if '.repeat(30_000),
      `${'a=$a$a\n'.repeat(20_000)}mkdir $a`,
      '<<a\n'.repeat(30_000),
      "'\\\n".repeat(40_000),
      `${'function '.repeat(10_000)}${'fi;'.repeat(10_000)}`,
      '[ $(id -u) = 0 ] && '.repeat(5000),
    ])
      readScript(text, new Map([['a', 'x'.repeat(1000)]]));
    expect(performance.now() - started).to.be.lessThan(5000);
  });
});
