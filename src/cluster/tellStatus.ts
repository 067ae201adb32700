import type { Logger } from 'winston';
import type { JsonObject } from '../core/json/json.ts';
import { rfc3339, writeEvent } from './event.ts';
import { metadataOf, nameOf } from './followObjects.ts';
import { inParallel } from './inParallel.ts';
import type { JudgedPolicy } from './judgePolicies.ts';
import { policyKind, statusFor, statusOfUnplaced } from './judgePolicies.ts';
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
   */
  readonly tell: (judged: readonly JudgedPolicy[], unplaced: readonly JsonObject[]) => Promise<void>;
  readonly forget: (policy: string) => void;
}

export function makeStatusTeller(options: StatusTellerOptions): StatusTeller {
  const { client, defaultPolicy, elapsed, now } = options;
  /** What was found as it has to be, or was made so. */
  const told = new WeakSet<JudgedPolicy>();
  /** The version at which one without a place was found so, and the state of which one that cannot be read was told. */
  const toldVersions = new Map<string, string>();
  const lastEvents = new Map<string, number>();
  const outcome = defaultPolicy === undefined ? 'have their pods refused' : `get ${defaultPolicy} instead`;
  const noRoom = `not in force: the webhook configuration has no room for more policies, and older ones go first; namespaces that ask for it ${outcome}: delete policies that nobody asks for`;

  async function tellJudged(each: JudgedPolicy): Promise<void> {
    const state = stateOf(each.metadata, 'generation');
    // What its status says cannot be read either.
    if (told.has(each) || (!each.isRead && toldVersions.get(each.name) === state)) return;
    const status = statusFor(each, rfc3339(now()));
    if (status !== undefined) {
      await write(each.metadata, status);
      if (each.problem !== undefined) await tellProblem(each.metadata, 'PolicyRefused', each.problem);
    }
    told.add(each);
    if (each.isRead) toldVersions.delete(each.name);
    else toldVersions.set(each.name, state);
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
      await write(metadataOf(object), status);
      await tellProblem(metadataOf(object), 'PolicyHasNoRoom', noRoom);
    }
    toldVersions.set(name, object === identity ? state : version);
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
  async function write({ name = '', resourceVersion = '' }: JsonObject, status: JsonObject): Promise<void> {
    const body = { ...policyKind, metadata: { name, resourceVersion }, spec: {}, status };
    await client.replace(`${policiesPath}/${String(name)}/status`, body);
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
    tell: async (judged, unplaced) => {
      const tasks = [
        ...judged.map((each) => () => tellJudged(each)),
        ...unplaced.map((each) => () => tellUnplaced(each)),
      ];
      await inParallel(tasks, (task) => unlessOvertaken(task()));
    },
    forget: (policy) => {
      lastEvents.delete(policy);
      toldVersions.delete(policy);
    },
  };
}

function stateOf(metadata: JsonObject, key: 'generation' | 'resourceVersion'): string {
  return [metadata['uid'], key, metadata[key]].map(String).join('/');
}
