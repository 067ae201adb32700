import { expect } from 'chai';
import type { Json } from '../../../src/core/json/json.ts';
import { findPods } from '../../../src/core/pod/workload.ts';

const spec = { containers: [{ name: 'web' }] };

function placesOf(document: Json): string[] {
  return findPods(document).map(
    ({ kind, objectPath, podPath }) => `${kind} ${[...objectPath, '|', ...podPath].join('.')}`,
  );
}

describe('findPods', () => {
  const template = { metadata: {}, spec };
  const cases: readonly (readonly [string, Json, readonly string[]])[] = [
    ['a Pod', { apiVersion: 'v1', kind: 'Pod', spec }, ['Pod |']],
    ['a PodTemplate', { apiVersion: 'v1', kind: 'PodTemplate', template }, ['PodTemplate |.template']],
    [
      'a ReplicationController',
      { apiVersion: 'v1', kind: 'ReplicationController', spec: { template } },
      ['ReplicationController |.spec.template'],
    ],
    ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map(
      (kind) =>
        [`a ${kind}`, { apiVersion: 'apps/v1', kind, spec: { template } }, [`${kind} |.spec.template`]] as const,
    ),
    ['a Job', { apiVersion: 'batch/v1', kind: 'Job', spec: { template } }, ['Job |.spec.template']],
    [
      'a CronJob',
      { apiVersion: 'batch/v1beta1', kind: 'CronJob', spec: { jobTemplate: { spec: { template } } } },
      ['CronJob |.spec.jobTemplate.spec.template'],
    ],
    [
      'a List, and Lists in it',
      {
        apiVersion: 'v1',
        kind: 'List',
        items: [
          { apiVersion: 'v1', kind: 'Service' },
          { apiVersion: 'v1', kind: 'Pod', spec },
          { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'batch/v1', kind: 'Job', spec: { template } }] },
        ],
      },
      ['Pod items.1.|', 'Job items.2.items.0.|.spec.template'],
    ],
    [
      'a typed list, whose items have no kind',
      { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [{ spec: { template } }] },
      ['Deployment items.0.|.spec.template'],
    ],
    [
      'a kind of that name in another group',
      { apiVersion: 'example.com/v1', kind: 'Deployment', spec: { template } },
      [],
    ],
    ['a workload that has no template', { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 3 } }, []],
    ['nothing', null, []],
    ['a list', [1, 2], []],
    ['nulls where objects belong', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: null, spec: null }, []],
  ];
  for (const [name, document, places] of cases)
    it(`in ${name}`, () => expect(placesOf(document)).to.deep.equal(places));

  it('names what it finds', () => {
    const [pod] = findPods({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', generateName: 'web-' },
      spec,
    });
    expect(pod).to.deep.include({ namespace: 'shop', name: 'web-*' });
  });
});
