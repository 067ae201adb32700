import type { WebhookChoices } from '../../src/cluster/webhookConfiguration.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';

/** What a small install chooses. */
export const someChoices: WebhookChoices = {
  policies: ['hardened', 'minimal'],
  defaultPolicy: undefined,
  target: { service: { name: 'kube-harden', namespace: 'kube-harden', port: 443 } },
  caBundle: 'a CA',
  namespace: 'kube-harden',
  excludedNamespaces: [],
  timeoutSeconds: 3,
};

/** As AKS' admissions enforcer adds them to each selector: Azure/AKS issues 1771 and 4002, openkruise/charts issue 155. */
export const enforcersExpressions: readonly JsonObject[] = [
  { key: 'control-plane', operator: 'NotIn', values: ['true'] },
  { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
];

/** What AKS' admissions enforcer makes of a list of webhooks; the same list where there is nothing to do. */
export function enforce(webhooks: readonly JsonObject[]): readonly JsonObject[] {
  const enforced = webhooks.map((webhook) => {
    const { namespaceSelector } = webhook as { namespaceSelector: { matchExpressions?: readonly JsonObject[] } };
    const { matchExpressions = [] } = namespaceSelector;
    const missing = enforcersExpressions.filter(({ key }) => !matchExpressions.some((each) => each['key'] === key));
    if (missing.length === 0) return webhook;
    const selector: Json = { ...namespaceSelector, matchExpressions: [...matchExpressions, ...missing] };
    return { ...webhook, namespaceSelector: selector };
  });
  return enforced.every((webhook, index) => webhook === webhooks[index]) ? webhooks : enforced;
}
