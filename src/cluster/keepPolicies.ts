import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { isSameJson } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { optOut } from '../core/policy/policy.ts';
import type { Metrics } from '../server/metrics.ts';
import type { PolicyHolder } from '../server/policyHolder.ts';
import { rfc3339, writeEvent } from './event.ts';
import { metadataOf, nameOf } from './followObjects.ts';
import type { JudgedPolicy } from './judgePolicies.ts';
import { judgePolicies, statusFor } from './judgePolicies.ts';
import type { KubeClient } from './kubeClient.ts';
import { policiesPath } from './policyResource.ts';

export interface PolicyKeeperOptions {
  readonly client: KubeClient;
  /** A resource of the same name goes before a built-in policy. */
  readonly builtIn: ReadonlyMap<string, Policy>;
  readonly defaultPolicy: string | undefined;
  readonly holder: PolicyHolder;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Keeps the policies in use those that the cluster has, and their status true. */
export interface PolicyKeeper {
  /** What is seen is in use at once. */
  readonly see: (objects: ReadonlyMap<string, JsonObject>) => void;
  /** Says what is thought of them; for one replica alone. */
  readonly tell: () => Promise<void>;
}

export function makePolicyKeeper(options: PolicyKeeperOptions): PolicyKeeper {
  const { client, builtIn, defaultPolicy, holder, metrics, logger } = options;
  let judged: readonly JudgedPolicy[] = [];
  const deleted = new Set<string>();

  function see(objects: ReadonlyMap<string, JsonObject>): void {
    const before = judged;
    judged = judgePolicies(objects, before);
    for (const { name } of judged) deleted.delete(name);
    for (const { name } of before.filter((each) => !objects.has(each.name))) {
      deleted.add(name);
      logger.warn('policy deleted', { policy: name });
    }
    const specs = new Map(before.map(({ name, object }) => [name, object['spec']]));
    for (const each of judged) if (!isSameJson(specs.get(each.name), each.object['spec'])) logJudgement(each);
    const good = judged.flatMap(({ name, inForce }) =>
      inForce === undefined ? [] : [[name, inForce.policy] as const],
    );
    holder.policies = new Map([...builtIn, ...good]);
    metrics.setRefusedPolicies(judged.filter(({ problem }) => problem !== undefined).length);
  }

  function logJudgement({ name, problem, inForce }: JudgedPolicy): void {
    metrics.countPolicy(problem === undefined ? 'inForce' : 'refused');
    if (problem === undefined) logger.info('policy in force', { policy: name });
    else logger.error('policy refused', { policy: name, problem, lastGoodStays: inForce !== undefined });
  }

  async function tell(): Promise<void> {
    for (const each of judged) await tellStatus(each);
    for (const policy of deleted) {
      // Of a policy that is refused for the name by which namespaces opt out, nobody asks anything.
      if (policy !== optOut && holder.policies?.has(policy) !== true) await tellOrphans(policy);
      deleted.delete(policy);
    }
  }

  async function tellStatus(each: JudgedPolicy): Promise<void> {
    const status = statusFor(each, rfc3339(Date.now()));
    if (status === undefined) return;
    await client.replace(`${policiesPath}/${each.name}/status`, { ...each.object, status });
    if (each.problem === undefined) return;
    const { apiVersion, kind } = each.object;
    const uid = String(metadataOf(each.object)['uid']);
    const about = { apiVersion: String(apiVersion), kind: String(kind), name: each.name, uid };
    await writeEvent(options, about, 'PolicyRefused', each.problem);
  }

  /** Says where a policy that is gone is still asked for: pods are refused there, and somebody should know why. */
  async function tellOrphans(policy: string): Promise<void> {
    const selector = encodeURIComponent(`kube-harden.io/enforce=${policy}`);
    const { items } = await client.get(`/api/v1/namespaces?labelSelector=${selector}`);
    const outcome = defaultPolicy === undefined ? 'its pods are refused' : `it gets ${defaultPolicy} instead`;
    for (const object of Array.isArray(items) ? (items as readonly JsonObject[]) : []) {
      const namespace = nameOf(object);
      logger.error('policy deleted that a namespace asks for', { policy, namespace });
      const uid = String(metadataOf(object)['uid']);
      const about = { apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace, uid };
      const message = `HardeningPolicy ${policy} was deleted, but this namespace asks for it: ${outcome}`;
      await writeEvent(options, about, 'PolicyMissing', message);
    }
  }

  return { see, tell };
}
