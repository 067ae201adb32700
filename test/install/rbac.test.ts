import { expect } from 'chai';
import { z } from 'zod';
import { readDocuments } from './install.ts';

const rule = z.strictObject({
  apiGroups: z.tuple([z.string()]),
  resources: z.tuple([z.string()]),
  resourceNames: z.array(z.string()).exactOptional(),
  verbs: z.array(z.string()),
});
const role = z.object({ kind: z.enum(['ClusterRole', 'Role']), rules: z.array(rule) });

describe('what kube-harden may do', () => {
  it('is this and no more', () => {
    const told = readDocuments('base/rbac.yaml').flatMap((document) => {
      const parsed = role.safeParse(document);
      if (!parsed.success) return [];
      return parsed.data.rules.map(({ apiGroups: [group], resources: [resource], resourceNames = [], verbs }) =>
        [parsed.data.kind, `${group}/${resource}`, verbs.join(','), ...resourceNames].join(' '),
      );
    });
    expect(told).to.deep.equal([
      'ClusterRole kube-harden.io/hardeningpolicies get,list,watch',
      'ClusterRole kube-harden.io/hardeningpolicies/status update',
      'ClusterRole admissionregistration.k8s.io/mutatingwebhookconfigurations get,list,watch,patch kube-harden',
      'ClusterRole /namespaces list',
      'ClusterRole /events create',
      'Role /secrets get,list,watch,patch kube-harden-ca',
      'Role /secrets create',
      'Role coordination.k8s.io/leases get,update kube-harden',
      'Role coordination.k8s.io/leases create',
    ]);
  });
});
