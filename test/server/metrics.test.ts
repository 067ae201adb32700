import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Tally } from '../../src/server/answerBody.ts';
import { makeLogger } from '../../src/server/logger.ts';
import type { MetricsServer } from '../../src/server/serveMetrics.ts';
import { serveMetrics } from '../../src/server/serveMetrics.ts';
import type { Traffic } from '../../src/server/traffic.ts';
import { makeTraffic } from '../../src/server/traffic.ts';

describe('metrics', () => {
  let metrics: MetricsServer;
  let traffic: Traffic;
  before(async () => {
    traffic = makeTraffic();
    metrics = await serveMetrics({ port: 0, host: '127.0.0.1' }, traffic, makeLogger(process.stderr, 'error'));
  });
  after(() => metrics.close());

  async function scrape(path = '/metrics'): Promise<{ status: number | undefined; lines: readonly string[] }> {
    const [response] = (await once(get({ host: '127.0.0.1', port: metrics.port, path }), 'response')) as [
      IncomingMessage,
    ];
    const body = await text(response);
    return { status: response.statusCode, lines: body.split('\n').filter((line) => line.startsWith('kube_harden_')) };
  }

  it('tell what is known from the start, and nothing that is not', async () => {
    const { status, lines } = await scrape();
    expect(status).to.equal(200);
    expect(lines).to.deep.equal(['kube_harden_reviews_in_flight 0']);
  });

  it('count what happens', async () => {
    const tallies: readonly Tally[] = [
      { action: 'added', rule: 'seccompProfile', reason: '', count: 1 },
      { action: 'withheld', rule: 'allowPrivilegeEscalation', reason: 'privileged', count: 2 },
    ];
    for (let count = 0; count < 3; count += 1) metrics.countReview('minimal', 'enforce', tallies, 0.0007);
    metrics.countFailure(404);
    metrics.countPolicy('refused');
    metrics.setRefusedPolicies(1);
    metrics.setCertificateEnd(Date.UTC(2026, 0, 1));
    metrics.setCertificateValid(false);
    metrics.setClockDifference(-7200_500);
    metrics.setInSync(true);
    metrics.setLeader(true);
    traffic.deciding = 2;
    for (let times = 0; times < 2; times += 1) {
      expect((await scrape()).lines).to.include.members([
        'kube_harden_review_duration_seconds_bucket{le="0.0005",policy="minimal",mode="enforce"} 0',
        'kube_harden_review_duration_seconds_bucket{le="0.001",policy="minimal",mode="enforce"} 3',
        'kube_harden_review_duration_seconds_count{policy="minimal",mode="enforce"} 3',
        'kube_harden_decisions_total{action="added",field="seccompProfile",reason=""} 3',
        'kube_harden_decisions_total{action="withheld",field="allowPrivilegeEscalation",reason="privileged"} 6',
        'kube_harden_failures_total{status="404"} 1',
        'kube_harden_policy_changes_total{result="refused"} 1',
        'kube_harden_policies_refused 1',
        `kube_harden_certificate_expiry_timestamp_seconds ${Date.UTC(2026, 0, 1) / 1000}`,
        'kube_harden_certificate_valid 0',
        'kube_harden_clock_difference_seconds -7200.5',
        'kube_harden_webhook_configuration_in_sync 1',
        'kube_harden_leader 1',
        'kube_harden_reviews_in_flight 2',
      ]);
    }
  });

  it('are at one path alone', async () => {
    expect((await scrape('/')).status).to.equal(404);
  });
});
