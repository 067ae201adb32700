import { expect } from 'chai';
import { z } from 'zod';
import { applyPatch } from '../../src/core/json/applyPatch.ts';
import type { Json } from '../../src/core/json/json.ts';
import type { Patch } from '../../src/core/json/patch.ts';
import { kindOf, readDocuments } from './install.ts';

const rule = z.strictObject({
  apiGroups: z.tuple([z.string()]),
  resources: z.tuple([z.string()]),
  resourceNames: z.array(z.string()).exactOptional(),
  verbs: z.array(z.string()),
});
const role = z.object({ kind: z.enum(['ClusterRole', 'Role']), rules: z.array(rule) });

describe('what kube-harden may do', () => {
  const tell = (document: unknown): readonly string[] => {
    const parsed = role.safeParse(document);
    if (!parsed.success) return [];
    return parsed.data.rules.map(({ apiGroups: [group], resources: [resource], resourceNames = [], verbs }) =>
      [parsed.data.kind, `${group}/${resource}`, verbs.join(','), ...resourceNames].join(' '),
    );
  };

  it('is this and no more', () => {
    expect(readDocuments('base/rbac.yaml').flatMap(tell)).to.deep.equal([
      'ClusterRole kube-harden.io/hardeningpolicies get,list,watch',
      'ClusterRole kube-harden.io/hardeningpolicies/status update',
      'ClusterRole admissionregistration.k8s.io/mutatingwebhookconfigurations get,list,watch,patch kube-harden',
      'ClusterRole /namespaces list',
      'ClusterRole /events create',
      'Role /secrets get,list,watch,patch kube-harden-ca',
      'Role /secrets get,list,watch,patch kube-harden-claims',
      'Role /secrets create',
      'Role coordination.k8s.io/leases get,update kube-harden',
      'Role coordination.k8s.io/leases create',
    ]);
  });

  it('is less where its certificate is mounted: no Secret of a CA', () => {
    const [operations] = readDocuments('components/certificate-files/no-ca-secret.yaml');
    const before = readDocuments('base/rbac.yaml').find((document) => kindOf(document) === 'Role');
    expect(tell(applyPatch(before as Json, operations as unknown as Patch))).to.deep.equal([
      'Role /secrets get,list,watch,patch kube-harden-claims',
      'Role /secrets create',
      'Role coordination.k8s.io/leases get,update kube-harden',
      'Role coordination.k8s.io/leases create',
    ]);
  });
});
