// Records what a real API server answers, for the tests of src/cluster/ that have none:
//
//   node test/cluster/recordAnswers.ts
//
// It takes the newest kube-apiserver that the end-to-end tests have built.

import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../src/core/json/json.ts';
import { findBinaries } from '../e2e/binaries.ts';
import { startControlPlane } from '../e2e/controlPlane.ts';
import type { RecordedAnswer } from './recordedAnswers.ts';
import { recordingFile } from './recordedAnswers.ts';

const [binaries] = findBinaries();
if (binaries === undefined) throw new Error('there is no kube-apiserver yet: make e2e builds one');
const controlPlane = await startControlPlane(binaries, ['somebody']);
const answers: Record<string, RecordedAnswer> = {};

try {
  const { url, ca, token } = readKubeconfig(controlPlane.kubectl(['config', 'view', '--raw', '-o', 'json']).stdout);
  const ask = async (
    name: string,
    method: string,
    path: string,
    body?: JsonObject,
    as = token,
  ): Promise<JsonObject> => {
    const answer = await new Promise<RecordedAnswer>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${as}`, Accept: 'application/json', 'Content-Type': 'application/json' };
      const sent = request(new URL(path, url), { method, ca, headers }, (response) => {
        const { statusCode: status = 0, headers } = response;
        text(response).then((body) => {
          resolve({ method, path, status, contentType: String(headers['content-type']), body });
        }, reject);
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
    answers[name] = answer;
    return answer.body.startsWith('{') && !answer.body.includes('\n{') ? (JSON.parse(answer.body) as JsonObject) : {};
  };

  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const metadata = { name: 'kube-harden', labels: { 'app.kubernetes.io/name': 'kube-harden' } };
  await ask('leaseMissing', 'GET', `${leases}/kube-harden`);
  const lease = await ask('leaseCreated', 'POST', leases, { metadata });
  await ask('leaseExists', 'POST', leases, { metadata });
  const time = '2026-01-02T03:04:05.678000Z';
  const times = { acquireTime: time, renewTime: time };
  const spec = { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 1, ...times };
  await ask('leaseTaken', 'PUT', `${leases}/kube-harden`, { ...lease, spec });
  await ask('leaseConflict', 'PUT', `${leases}/kube-harden`, { ...lease, spec: { ...spec, holderIdentity: 'two' } });

  const event = (namespace: string, message: string): JsonObject => ({
    metadata: { generateName: 'web.', namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'web', namespace, uid: 'a uid' },
    type: 'Warning',
    reason: 'PolicyMissing',
    message,
    source: { component: 'kube-harden' },
    firstTimestamp: '2026-01-02T03:04:05Z',
    lastTimestamp: '2026-01-02T03:04:05Z',
    count: 1,
  });
  await ask('eventCreated', 'POST', '/api/v1/namespaces/default/events', event('default', 'x'.repeat(1024)));
  await controlPlane.makeNamespace('ending');
  await controlPlane.api.delete('/api/v1/namespaces/ending');
  await ask('eventInEndingNamespace', 'POST', '/api/v1/namespaces/ending/events', event('ending', 'x'));

  await ask('forbidden', 'GET', '/api/v1/namespaces/default/secrets', undefined, 'token-of-somebody');
  await ask('unauthorized', 'GET', '/api/v1/namespaces/default/secrets', undefined, 'a token of nobody');
  await ask('noSuchPath', 'GET', '/no/such/path');
  await ask('noSuchResource', 'GET', '/apis/kube-harden.io/v1alpha1/hardeningpolicies');

  const maps = '/api/v1/namespaces/default/configmaps';
  const { api } = controlPlane;
  // What takes several bytes a character, and a line break, which JSON writes otherwise.
  const data = { greeting: 'grüße\n漢字 😀' };
  await api.create(maps, { metadata: { name: 'one' }, data });
  const list = await ask('list', 'GET', maps);
  const version = String((list['metadata'] as JsonObject)['resourceVersion']);
  // Near its end, a watch gets a bookmark.
  const watched = ask(
    'watch',
    'GET',
    `${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=6&resourceVersion=${version}`,
  );
  await api.create(maps, { metadata: { name: 'two' }, data });
  await api.merge(`${maps}/two`, { data: { more: 'more' } });
  await api.delete(`${maps}/two`);
  await watched;
  // Its cache begins anew, so what was before is too old.
  await controlPlane.restartApiServer();
  await ask('watchTooOld', 'GET', `${maps}?watch=true&resourceVersion=1&timeoutSeconds=2`);
} finally {
  await controlPlane.stop();
}
writeFileSync(recordingFile, `${JSON.stringify({ source: `kube-apiserver ${binaries.version}`, answers }, null, 1)}\n`);

function readKubeconfig(json: string): { url: string; ca: string; token: string } {
  const { clusters, users } = JSON.parse(json) as {
    clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: readonly [{ user: { token: string } }];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return { url: server, ca: Buffer.from(ca, 'base64').toString(), token: users[0].user.token };
}
