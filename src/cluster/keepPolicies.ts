import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import type { Policy } from '../core/policy/policy.ts';
import { metadataOf, nameOf } from './followObjects.ts';
import { inParallel } from './inParallel.ts';
import type { JudgedPolicy } from './judgePolicies.ts';
import { judgePolicy, judgeUnread } from './judgePolicies.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';
import { placePolicies } from './placePolicies.ts';
import { mostObjectBytes, policiesPath } from './policyResource.ts';
import { AnswerTooLong } from './readAnswer.ts';
import { makeDeletionTeller } from './tellDeletions.ts';
import { makeStatusTeller } from './tellStatus.ts';
import type { WebhookChoices } from './webhookConfiguration.ts';
import { namespacesLeftOut } from './webhookConfiguration.ts';

/** What becomes of the policies that a cluster has. */
export interface PolicyUse {
  /** They are in force from now on: all of them, the built-in ones included, by name. */
  readonly use: (policies: ReadonlyMap<string, Policy>) => void;
  /** A policy's spec has changed. */
  readonly countChange: (result: 'inForce' | 'refused') => void;
  /** So many are not in force as they are now. */
  readonly setRefused: (count: number) => void;
}

export interface PolicyKeeperOptions extends PolicyUse {
  readonly client: KubeClient;
  /** A resource of the same name goes before a built-in policy. */
  readonly builtIn: ReadonlyMap<string, Policy>;
  /** What the webhook configuration says apart from what changes, which decides how many policies it has room for. */
  readonly webhooks: Omit<WebhookChoices, 'policies' | 'caBundle'>;
  /** PEM; undefined while there is none. */
  readonly caBundle: () => string | undefined;
  readonly logger: Logger;
  /** A clock that never jumps, in milliseconds. */
  readonly elapsed?: () => number;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/** Keeps the policies in use those that the cluster has, and their status true. */
export interface PolicyKeeper {
  /** What there is, by name: of each policy its metadata alone, as an informer's copy that goes on changing. */
  readonly see: (policies: ReadonlyMap<string, JsonObject>) => void;
  /**
   * Reads and judges what has changed since the last time, in its newest state, and puts it in force: one after the
   * other, so that reviews are answered between them. Whoever calls it decides how often, which bounds what a policy
   * costs that changes all the time.
   */
  readonly judge: () => Promise<void>;
  /** Says what is thought of them; for one replica alone. */
  readonly tell: (options: TellOptions) => Promise<void>;
}

export interface TellOptions {
  /** Whether the webhook configuration has a policy's entry: before that, nobody is told that it is in force. */
  readonly isCalled: (policy: string) => boolean;
  /** Asked before each policy: whether it is still this replica's to tell. */
  readonly goesOn: () => boolean;
}

export function makePolicyKeeper(options: PolicyKeeperOptions): PolicyKeeper {
  const { client, builtIn, webhooks, caBundle, logger, elapsed = () => performance.now(), now = Date.now } = options;
  const builtInNames = new Set(builtIn.keys());
  const judged = new Map<string, JudgedPolicy>();
  const unplaced = new Map<string, JsonObject>();
  const { defaultPolicy } = webhooks;
  const deletions = makeDeletionTeller({
    client,
    logger,
    defaultPolicy,
    leftOut: namespacesLeftOut(webhooks),
    elapsed,
  });
  const statuses = makeStatusTeller({ client, logger, defaultPolicy, elapsed, now });
  let seen: ReadonlyMap<string, JsonObject> | undefined;
  /** What was judged last, all of it; undefined where there is something to do. */
  let settled: { readonly bundleLength: number } | undefined;
  let isInUse = false;
  let isChanged = true;

  function forgetOthersThan(policies: ReadonlyMap<string, JsonObject>): void {
    for (const [name, { metadata }] of judged) if (!policies.has(name)) forget(name, metadata);
    for (const [name, object] of unplaced) if (!policies.has(name)) forget(name, metadataOf(object));
  }

  /** Gives each policy that there is its place, and tells which are to be read. */
  function place(policies: ReadonlyMap<string, JsonObject>): readonly JsonObject[] {
    const choices = { ...webhooks, caBundle: caBundle() ?? '' };
    const placed = placePolicies([...policies.values()].map(ageOf), builtInNames, choices);
    for (const [name, object] of policies) {
      deletions.forget(name);
      if (placed.has(name)) unplaced.delete(name);
      else putOut(name, object);
    }
    return [...policies.values()].filter((object) => {
      const name = nameOf(object);
      return placed.has(name) && !isSameVersion(metadataOf(object), judged.get(name)?.metadata);
    });
  }

  function putOut(name: string, object: JsonObject): void {
    const before = unplaced.get(name);
    unplaced.set(name, object);
    if (isSameVersion(metadataOf(object), before && metadataOf(before))) return;
    if (before === undefined) logger.error('no room for a policy', { policy: name });
    isChanged = true;
    judged.delete(name);
  }

  function forget(name: string, { uid }: JsonObject): void {
    isChanged = true;
    judged.delete(name);
    unplaced.delete(name);
    statuses.forget(name);
    deletions.note(name, String(uid));
    logger.warn('policy deleted', { policy: name });
  }

  async function judge(): Promise<void> {
    const bundleLength = caBundle()?.length ?? 0;
    if (seen === undefined || settled?.bundleLength === bundleLength) return;
    settled = { bundleLength };
    try {
      await judgeAll(seen);
    } catch (error) {
      settled = undefined;
      throw error;
    }
  }

  async function judgeAll(policies: ReadonlyMap<string, JsonObject>): Promise<void> {
    forgetOthersThan(policies);
    const changed = place(policies);
    // What is gone, or has no place any more, is out of force before anything is waited for.
    useIfChanged();
    await inParallel(changed, async (identity) => {
      const name = nameOf(identity);
      const before = judged.get(name);
      const next = await read(identity, before);
      // Deleted while it was read.
      if (next === undefined || !policies.has(name)) return;
      judged.set(name, next);
      isChanged ||= before === undefined || before.inForce !== next.inForce || before.problem !== next.problem;
      if (!isSameSpec(before, next)) logJudgement(next);
      useIfChanged();
      await nextTurn();
    });
    // All that there are come into force at once.
    isInUse = true;
    useIfChanged();
  }

  async function read(identity: JsonObject, before: JudgedPolicy | undefined): Promise<JudgedPolicy | undefined> {
    const name = nameOf(identity);
    try {
      return judgePolicy(await client.get(`${policiesPath}/${name}`, { mostBytes: mostObjectBytes }), before);
    } catch (error) {
      // What comes next of the watch says so too.
      if (error instanceof KubeApiError && error.status === 404) return undefined;
      if (!(error instanceof AnswerTooLong)) throw error;
      const problem = `has more than ${mostObjectBytes} bytes with its metadata: make several policies of it`;
      return judgeUnread(identity, problem, before);
    }
  }

  function useIfChanged(): void {
    if (!isInUse || !isChanged) return;
    isChanged = false;
    const good = [...judged].flatMap(([name, { inForce }]) =>
      inForce === undefined ? [] : [[name, inForce.policy] as const],
    );
    options.use(new Map([...builtIn, ...good]));
    const refused = [...judged.values()].filter(({ problem }) => problem !== undefined);
    options.setRefused(refused.length + unplaced.size);
  }

  function logJudgement({ name, problem, inForce }: JudgedPolicy): void {
    options.countChange(problem === undefined ? 'inForce' : 'refused');
    if (problem === undefined) logger.info('policy in force', { policy: name });
    else logger.error('policy refused', { policy: name, problem, lastGoodStays: inForce !== undefined });
  }

  return {
    see: (policies) => {
      seen = policies;
      settled = undefined;
    },
    judge,
    tell: async ({ isCalled, goesOn }) => {
      if (!isInUse) return;
      const isToTell = ({ name, problem }: JudgedPolicy): boolean => problem !== undefined || isCalled(name);
      await statuses.tell([...judged.values()].filter(isToTell), [...unplaced.values()], goesOn);
      await deletions.tell((policy) => builtIn.has(policy) || judged.get(policy)?.inForce !== undefined);
    },
  };
}

function ageOf(object: JsonObject): { name: string; creationTimestamp: string } {
  return { name: nameOf(object), creationTimestamp: String(metadataOf(object)['creationTimestamp']) };
}

function isSameVersion(left: JsonObject, right: JsonObject | undefined): boolean {
  if (right === undefined) return false;
  return ['uid', 'resourceVersion'].every((key) => left[key] === right[key]);
}

function isSameSpec(left: JudgedPolicy | undefined, right: JudgedPolicy): boolean {
  return (
    left?.isRead === right.isRead && ['uid', 'generation'].every((key) => left.metadata[key] === right.metadata[key])
  );
}
