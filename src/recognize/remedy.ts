/** The one place where a cause becomes what to do: the smallest thing that helps, and never one that hides or weakens more. */
import type { Patch, Remedy, Sign } from './finding.ts';

/** Users whose number is the same wherever they are. Source: Debian base-passwd; distroless base, `nonroot`. */
const knownUsers: ReadonlyMap<string, number> = new Map([
  ['nobody', 65_534],
  ['nonroot', 65_532],
]);

const describeImageUser = 'set runAsUser to the number of the user that the image is made for';

/** What to do about a sign. */
export function findRemedy(sign: Sign): Remedy {
  switch (sign.cause) {
    case 'read-only-root':
      return letWrite(
        sign.path,
        'mount a copy of your own there, or let the policy except the image from readOnlyRootFilesystem',
      );
    case 'not-owner':
      return letWrite(sign.path, 'set runAsUser to the user whom it belongs to in the image');
    case 'named-user':
      return nameUser(sign.user ?? '');
    case 'root-image':
      return advise(
        'pod',
        `${describeImageUser}; where it is made for root alone, let the policy except it from runAsNonRoot`,
      );
    case 'file-capabilities':
      return {
        to: 'container',
        text: 'let it keep NET_BIND_SERVICE, which the restricted standard allows; if the program carries another capability (getcap tells), that one is meant',
        patch: { securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } },
      };
    case 'chown':
      return advise('pod', `${describeImageUser}: most entrypoints give files away only when they start as root`);
    case 'drops-user':
      return advise(
        'pod',
        `${describeImageUser}, to which its entrypoint steps down: most skip that when they do not start as root`,
      );
    case 'low-port':
      return advise(
        'container',
        'name the port as a containerPort, so that lowPorts opens it, or let the program listen above 1023',
      );
    case 'owner-of-run':
      return advise(
        'policy',
        "an emptyDir is root's: an init container has to give /run to the user, or the policy to except the image from runAsNonRoot",
      );
    case 'other':
      return advise(
        'none',
        'this is what hardening is there to take away: whether it has to be given back, you decide',
      );
  }
}

function nameUser(user: string): Remedy {
  const uid = knownUsers.get(user);
  if (uid !== undefined) {
    return { to: 'pod', text: `set runAsUser to ${uid}, which is ${user}`, patch: podPatch({ runAsUser: uid }) };
  }
  return advise('pod', `set runAsUser to the number of the user ${JSON.stringify(user)} in the image's /etc/passwd`);
}

/** @param otherwise what to do where an emptyDir would hide files of the image */
function letWrite(path: string | null, otherwise: string): Remedy {
  if (path === null) {
    return advise('none', 'find out which directory it is, and annotate kube-harden.io/writable-paths with it');
  }
  if (mayHaveContent(path)) {
    return advise('pod', `the image may have files in ${path}, which an emptyDir would hide: ${otherwise}`);
  }
  return {
    to: 'annotation',
    text: `annotate the pod, in its workload's template, with kube-harden.io/writable-paths: ${JSON.stringify(path)}; it counts for new pods`,
    patch: { metadata: { annotations: { 'kube-harden.io/writable-paths': path } } },
  };
}

/** Directories that hold programs and their configuration. Source: Filesystem Hierarchy Standard 3.0; common practice. */
const placesOfContent: readonly string[] = [
  '/etc',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/opt',
  '/srv',
  '/app',
  '/workspace',
  '/home',
  '/root',
  '/var/www',
];

/** What is made at run time, wherever it stands. */
const namesOfState: ReadonlySet<string> = new Set([
  'tmp',
  'temp',
  'cache',
  'run',
  'log',
  'logs',
  'data',
  'db',
  'spool',
  'lock',
  'state',
  'sessions',
  'uploads',
]);

function mayHaveContent(path: string): boolean {
  const isPlace = placesOfContent.some((place) => path === place || path.startsWith(`${place}/`));
  if (!isPlace) return false;
  const names = path.split('/').slice(2);
  // A hidden directory is a program's own, made when it first runs, but for what build tools leave in an application.
  const isOfHome = /^\/(home\/[^/]+|root)\/\./.test(path);
  return !isOfHome && !names.some((name) => namesOfState.has(name));
}

function advise(to: Remedy['to'], text: string): Remedy {
  return { to, text, patch: null };
}

function podPatch(securityContext: Patch): Patch {
  return { spec: { securityContext } };
}
