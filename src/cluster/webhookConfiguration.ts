import type { Json, JsonObject } from '../core/json/json.ts';
import { optOut } from '../core/policy/policy.ts';

/** Where the API server finds kube-harden. */
export type WebhookTarget =
  | { readonly service: { readonly name: string; readonly namespace: string; readonly port: number } }
  /** Without a path; for a server outside of the cluster. */
  | { readonly url: string };

export interface WebhookChoices {
  /** The names of all policies. */
  readonly policies: readonly string[];
  /** For each namespace that has not chosen one; none where only labelled namespaces are concerned. */
  readonly defaultPolicy: string | undefined;
  readonly target: WebhookTarget;
  /** PEM. */
  readonly caBundle: string;
  /** kube-harden's own namespace, which it must start in without its own help. */
  readonly namespace: string;
  /** More namespaces that are never concerned, whatever their labels say. */
  readonly excludedNamespaces: readonly string[];
  /** How long the API server waits for an answer, 1 to 30; for a preview it never waits longer than a second. */
  readonly timeoutSeconds: number;
}

/** Those that a cluster cannot start without. */
const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease'];

/** The namespaces that are never concerned, whatever their labels say. */
export function namespacesLeftOut({
  namespace,
  excludedNamespaces,
}: Pick<WebhookChoices, 'namespace' | 'excludedNamespaces'>): ReadonlySet<string> {
  return new Set([...systemNamespaces, namespace, ...excludedNamespaces]);
}

/**
 * Makes the entries of the MutatingWebhookConfiguration: one for each policy and mode. The API server itself matches
 * namespaces by their labels and so chooses the path; the server needs no look-up. At most one enforcing entry concerns
 * a namespace, and the previews come last, so that a preview tells what its policy would add to what is enforced.
 *
 * Every field is written out, as the API server would fill it in: what it says back can be compared.
 */
export function makeWebhooks(choices: WebhookChoices): readonly JsonObject[] {
  const policies = [...choices.policies].sort();
  const enforce = policies.map((policy) =>
    makeWebhook(choices, `${policy}.enforce`, `/enforce/${policy}`, labelIs('enforce', policy), mustAnswer(choices)),
  );
  const previews = policies.map((policy) =>
    makeWebhook(choices, `${policy}.preview`, `/preview/${policy}`, labelIs('preview', policy), preview),
  );
  return [makeRest(choices, policies), ...enforce, ...previews, makeRestOfPreviews(choices, policies)];
}

/** What the webhook is called that enforces a policy. */
export function nameOfEnforcing(policy: string): string {
  return nameOf(`${policy}.enforce`);
}

/**
 * What becomes of the namespaces whose label names no policy to enforce. Its names have one part less than those of
 * policies, so that no policy can be called the same: the API server refuses two of one name.
 */
function makeRest(choices: WebhookChoices, policies: readonly string[]): JsonObject {
  const isOther = labelIsOther('enforce', policies);
  // Nobody in these namespaces asked for kube-harden, and some of them hold what it needs itself: with Fail, a cluster
  // that starts anew would wait for kube-harden, which waits for a network plugin, whose pods wait for kube-harden.
  if (choices.defaultPolicy !== undefined) {
    const path = `/enforce/${choices.defaultPolicy}`;
    return makeWebhook(choices, 'default-policy', path, [isOther], mayAnswer(choices));
  }
  // Somebody asked for a policy that is not there, by a slip of the pen or because it was deleted. The server answers
  // 404 to this path, so pods are refused, by a webhook whose name says why; silently unprotected they would stay so.
  const labels = [labelIsThere('enforce'), isOther];
  return makeWebhook(choices, 'no-such-policy', `/enforce/${optOut}`, labels, mustAnswer(choices));
}

/** Where the label of a preview names no policy the server warns of it: silence would mean that nothing would change. */
function makeRestOfPreviews(choices: WebhookChoices, policies: readonly string[]): JsonObject {
  const labels = [labelIsThere('preview'), labelIsOther('preview', policies)];
  return makeWebhook(choices, 'no-such-preview', `/preview/${optOut}`, labels, preview);
}

interface FailureHandling {
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeoutSeconds: number;
}

/** Asked for by a label: a pod that slips in unhardened stays so for its whole life, a refused one is tried again. */
function mustAnswer({ timeoutSeconds }: WebhookChoices): FailureHandling {
  return { failurePolicy: 'Fail', timeoutSeconds };
}

/** Not asked for: never worth a refusal. */
function mayAnswer({ timeoutSeconds }: WebhookChoices): FailureHandling {
  return { failurePolicy: 'Ignore', timeoutSeconds };
}

/** Only to hear a warning: worth neither a refusal nor a wait. */
const preview: FailureHandling = { failurePolicy: 'Ignore', timeoutSeconds: 1 };

type Mode = 'enforce' | 'preview';

function labelIs(mode: Mode, policy: string): readonly JsonObject[] {
  return [{ key: `kube-harden.io/${mode}`, operator: 'In', values: [policy] }];
}

function labelIsThere(mode: Mode): JsonObject {
  return { key: `kube-harden.io/${mode}`, operator: 'Exists' };
}

/** Also where it is not there at all: so `NotIn` works. */
function labelIsOther(mode: Mode, policies: readonly string[]): JsonObject {
  return { key: `kube-harden.io/${mode}`, operator: 'NotIn', values: [...policies, optOut] };
}

/** Nearly all of a pod is immutable once it is there: its creation and the debug containers added later are what counts. */
const rules: Json = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
  {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['UPDATE'],
    resources: ['pods/ephemeralcontainers'],
    scope: 'Namespaced',
  },
];

/** The same test as the server's own; asked here, a node shows its static pods even while kube-harden is down. */
const matchConditions: Json = [
  {
    name: 'is-no-mirror-pod',
    expression: [
      "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)",
      "|| !has(object.spec.nodeName) || request.userInfo.username != 'system:node:' + object.spec.nodeName",
    ].join(' '),
  },
];

function makeWebhook(
  choices: WebhookChoices,
  name: string,
  path: string,
  labels: readonly JsonObject[],
  handling: FailureHandling,
): JsonObject {
  const { target, caBundle } = choices;
  const excluded = {
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn',
    values: [...namespacesLeftOut(choices)],
  };
  const address: JsonObject =
    'url' in target ? { url: `${target.url}${path}` } : { service: { ...target.service, path } };
  return {
    name: nameOf(name),
    admissionReviewVersions: ['v1'],
    clientConfig: { ...address, caBundle: Buffer.from(caBundle).toString('base64') },
    namespaceSelector: { matchExpressions: [excluded, ...labels] },
    objectSelector: {},
    rules,
    matchPolicy: 'Equivalent',
    matchConditions,
    sideEffects: 'None',
    // A webhook that runs later may bring a sidecar, which has to be hardened too.
    reinvocationPolicy: 'IfNeeded',
    ...handling,
  };
}

function nameOf(name: string): string {
  return `${name}.kube-harden.io`;
}
