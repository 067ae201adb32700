import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { readDocuments, repository } from './install.ts';

const role = z.object({
  kind: z.enum(['ClusterRole', 'Role']),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).default(['any']),
      verbs: z.array(z.string()),
    }),
  ),
});

/** As kubectl writes it: the group behind the resource, the subresource last. */
function nameWithGroup(resource: string, group: string): string {
  const [name, ...subresource] = resource.split('/');
  return [group === '' ? name : `${name}.${group}`, ...subresource].join('/');
}

describe('SECURITY.md', () => {
  const text = readFileSync(join(repository, 'SECURITY.md'), 'utf8');

  it('says of each permission what it would give an intruder, and of no other', () => {
    const given = readDocuments('base/rbac.yaml').flatMap((document) => {
      const { data } = role.safeParse(document);
      return (data?.rules ?? []).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            resourceNames.map((name) => [nameWithGroup(resource, group), name, verbs.join(', ')]),
          ),
        ),
      );
    });
    const rows = [...text.matchAll(/^\| `([\w./-]+)` \| `?([\w-]+)`? \| ([a-z, ]+) \| [^|]{10,} \|$/gm)];
    expect(rows.map(([, resource, name, verbs]) => [resource, name, verbs])).to.deep.equal(given);
  });

  it('counts those that are for its own namespace alone', () => {
    const own = readDocuments('base/rbac.yaml').flatMap((document) => {
      const { data } = role.safeParse(document);
      return data?.kind === 'Role' ? data.rules : [];
    });
    expect(own.length).to.equal(5);
    expect(text).to.include("The last five are for kube-harden's own namespace alone.");
  });
});
