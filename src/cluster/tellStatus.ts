import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { makeBackOff } from './backOff.ts';
import { rfc3339, writeEvent } from './event.ts';
import { metadataOf, nameOf } from './followObjects.ts';
import { inParallel } from './inParallel.ts';
import type { JudgedPolicy, Status } from './judgePolicies.ts';
import { foreignConditionsOf, policyKind, statusFor, statusOfUnplaced } from './judgePolicies.ts';
import type { KubeClient } from './kubeClient.ts';
import { KubeApiError } from './kubeClient.ts';
import { mostObjectBytes, policiesPath } from './policyResource.ts';
import { AnswerTooLong } from './readAnswer.ts';

/** Between two events about one policy: one that changes all the time, from bad to bad, is no reason to fill a store. */
const millisecondsBetweenEvents = 10_000;

export interface StatusTellerOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly defaultPolicy: string | undefined;
  /** A clock that never jumps, in milliseconds. */
  readonly elapsed: () => number;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** Keeps the status of each policy's resource true. */
export interface StatusTeller {
  /**
   * Writes each status that is not as it has to be; a few at a time.
   *
   * @param unplaced the identities of those that the webhook configuration has no room for
   * @param goesOn asked before each one: whether it is still this replica's to tell
   */
  readonly tell: (
    judged: readonly JudgedPolicy[],
    unplaced: readonly JsonObject[],
    goesOn: () => boolean,
  ) => Promise<void>;
  readonly forget: (policy: string) => void;
}

export function makeStatusTeller(options: StatusTellerOptions): StatusTeller {
  const { client, logger, defaultPolicy, elapsed, now } = options;
  /** What was found as it has to be, or was made so. */
  const told = new WeakSet<JudgedPolicy>();
  /** The version at which one without a place was found so, and the state of which one that cannot be read was told. */
  const toldVersions = new Map<string, string>();
  const lastEvents = new Map<string, number>();
  /** What each was told last. */
  const said = new Map<string, string>();
  const backOff = makeBackOff();
  const outcome = defaultPolicy === undefined ? 'have their pods refused' : `get ${defaultPolicy} instead`;
  const noRoom = `not in force: the webhook configuration has no room for more policies, and older ones go first; namespaces that ask for it ${outcome}: delete policies that nobody asks for`;

  async function tellJudged(each: JudgedPolicy): Promise<void> {
    const state = stateOf(each.metadata, 'generation');
    // What its status says cannot be read either.
    if (told.has(each) || (!each.isRead && toldVersions.get(each.name) === state)) return;
    if (!(await setRight(each))) return;
    told.add(each);
    if (each.isRead) toldVersions.delete(each.name);
    else toldVersions.set(each.name, state);
  }

  /** Whether its status is as it has to be now; where somebody insists on another one, that may wait. */
  async function setRight(each: JudgedPolicy): Promise<boolean> {
    const { metadata, problem, told: before } = each;
    const status = statusFor(each, rfc3339(now()));
    if (status === undefined) return true;
    if (!isDue(metadata, status)) return false;
    const foreign = before.hasForeign ? foreignConditionsOf(await readOrIdentity({ metadata })) : [];
    await write(metadata, status, foreign);
    if (problem !== undefined) await tellProblem(metadata, 'PolicyRefused', problem);
    return true;
  }

  /** Of these nothing but the metadata is at hand. */
  async function tellUnplaced(identity: JsonObject): Promise<void> {
    const name = nameOf(identity);
    const version = stateOf(metadataOf(identity), 'resourceVersion');
    const state = stateOf(metadataOf(identity), 'generation');
    const last = toldVersions.get(name);
    if (last === version || last === state) return;
    const object = await readOrIdentity(identity);
    const status = statusOfUnplaced(object, noRoom, rfc3339(now()));
    if (status !== undefined) {
      if (!isDue(metadataOf(object), status)) return;
      await write(metadataOf(object), status, foreignConditionsOf(object));
      await tellProblem(metadataOf(object), 'PolicyHasNoRoom', noRoom);
    }
    toldVersions.set(name, object === identity ? state : version);
  }

  /** What is said anew is due at once; what somebody else writes over again and again waits longer each time. */
  function isDue(metadata: JsonObject, status: Status): boolean {
    const name = String(metadata['name']);
    return said.get(name) !== sayingOf(metadata, status) || backOff.isDue(new Set([name]), elapsed());
  }

  function noteSaid(metadata: JsonObject, status: Status): void {
    const name = String(metadata['name']);
    const [fields, saying] = [new Set([name]), sayingOf(metadata, status)];
    if (said.get(name) !== saying) {
      said.set(name, saying);
      backOff.forget(fields);
    } else if (backOff.note(fields, elapsed()).length > 0)
      logger.warn('somebody insists on another status', { policy: name });
  }

  /** Of one that is too large to be read, the status is written whatever it was. */
  async function readOrIdentity(identity: JsonObject): Promise<JsonObject> {
    const path = `${policiesPath}/${nameOf(identity)}`;
    return client.get(path, { mostBytes: mostObjectBytes }).catch((error: unknown) => {
      if (error instanceof AnswerTooLong) return identity;
      throw error;
    });
  }

  /** Whatever else the body says, the API server takes the status alone, and of a version that is still the newest. */
  async function write(metadata: JsonObject, status: Status, foreign: readonly JsonObject[]): Promise<void> {
    const { name = '', resourceVersion = '' } = metadata;
    const whole = { ...status, conditions: [...status.conditions, ...foreign] };
    const body = { ...policyKind, metadata: { name, resourceVersion }, spec: {}, status: whole };
    await client.replace(`${policiesPath}/${String(name)}/status`, body);
    noteSaid(metadata, status);
  }

  async function tellProblem(metadata: JsonObject, reason: string, problem: string): Promise<void> {
    const name = String(metadata['name']);
    const uid = String(metadata['uid']);
    const last = lastEvents.get(name);
    if (last !== undefined && elapsed() - last < millisecondsBetweenEvents) return;
    lastEvents.set(name, elapsed());
    await writeEvent(options, { ...policyKind, name, uid }, reason, problem);
  }

  /** It has changed or gone in the meantime, as will be seen: its next state is told then. */
  const unlessOvertaken = async (telling: Promise<void>): Promise<void> => {
    await telling.catch((error: unknown) => {
      if (!(error instanceof KubeApiError) || (error.status !== 409 && error.status !== 404)) throw error;
    });
  };

  return {
    tell: async (judged, unplaced, goesOn) => {
      const tasks = [
        ...judged.map((each) => () => tellJudged(each)),
        ...unplaced.map((each) => () => tellUnplaced(each)),
      ];
      await inParallel(tasks, async (task) => {
        if (goesOn()) await unlessOvertaken(task());
      });
    },
    forget: (policy) => {
      lastEvents.delete(policy);
      toldVersions.delete(policy);
      said.delete(policy);
      backOff.forget(new Set([policy]));
    },
  };
}

function sayingOf(metadata: JsonObject, { conditions: [ready] }: Status): string {
  return [stateOf(metadata, 'generation'), ready?.['status'], ready?.['message']].map(String).join('/');
}

function stateOf(metadata: JsonObject, key: 'generation' | 'resourceVersion'): string {
  return [metadata['uid'], key, metadata[key]].map(String).join('/');
}
