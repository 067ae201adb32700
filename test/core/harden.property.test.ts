import { expect } from 'chai';
import fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import type { ClaimedField } from '../../src/core/claims.ts';
import { ownFields } from '../../src/core/claims.ts';
import type { Hardening } from '../../src/core/harden.ts';
import { harden, hardenEphemeralContainers, isRefusal } from '../../src/core/harden.ts';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import { isJsonObject } from '../../src/core/json/json.ts';
import { readPod } from '../../src/core/pod/pod.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import { describe as sentence, warnings } from '../../src/core/sentences.ts';
import { evaluatePod } from '../../src/standards/evaluate.ts';
import { bySeed, millisecondsFor, tries } from '../property.ts';
import { arbitraryPod as arbitraryStandardsPod, arbitraryVersion } from '../standards/arbitraryPod.ts';
import { arbitraryContainer, arbitraryNonsense, arbitraryPod } from './arbitraryPod.ts';
import { builtInPolicy, makePolicy } from './policies.ts';

const everything = makePolicy({
  pod: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    supplementalGroups: [4000],
    seccompProfile: { type: 'RuntimeDefault' },
  },
  container: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
  lowPorts: true,
  writablePaths: [{ images: ['**/nginx'], paths: ['/var/run', { path: '/var', sizeLimit: '1Gi' }] }],
  exceptions: [
    {
      podSelector: { matchLabels: { app: 'legacy' } },
      images: ['nginx'],
      skip: ['runAsNonRoot', 'capabilities', 'fsGroup'],
    },
  ],
});
const byContainer = makePolicy({
  container: {
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['NET_BIND_SERVICE', 'CHOWN'] },
  },
});
const policies = [
  builtInPolicy('minimal'),
  builtInPolicy('restricted'),
  builtInPolicy('hardened'),
  everything,
  byContainer,
];
const arbitraryPolicy = fc.constantFrom(...policies);

function check<Values extends [unknown, ...unknown[]]>(property: fc.IProperty<Values>): void {
  fc.assert(property, tries());
}

function hardening(pod: Json, policy: Policy, claimed: readonly ClaimedField[] = []): Hardening {
  const answer = harden(pod, policy, claimed);
  if (isRefusal(answer)) throw new Error(answer.refusal);
  return answer;
}

function apply(pod: Json, policy: Policy, claimed: readonly ClaimedField[] = []): JsonObject {
  const { patch } = hardening(pod, policy, claimed);
  // fast-json-patch validates each operation against the document, so one that does not fit throws.
  return jsonPatch.applyPatch(structuredClone(pod), structuredClone(patch) as jsonPatch.Operation[], true)
    .newDocument as JsonObject;
}

function deepFreeze(value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
}

/** Every value that was there before and that a later reader would see another one for; null says nothing. */
function changes(before: Json, after: Json | undefined, path = ''): string[] {
  if (before === null) return [];
  if (Array.isArray(before)) {
    if (!Array.isArray(after) || after.length < before.length) return [path];
    if (before.length === 0 && after.length > 0 && !/\/(sysctls|volumes|volumeMounts)$/.test(path)) return [path];
    return before.flatMap((entry, index) => changes(entry, after[index], `${path}/${index}`));
  }
  if (isJsonObject(before)) {
    if (!isJsonObject(after)) return [path];
    return Object.keys(before).flatMap((key) => changes(before[key] ?? null, after[key], `${path}/${key}`));
  }
  return before === after ? [] : [path];
}

/** What other webhooks do to volumes and mounts, among them those of kube-harden's own. */
function editVolumes(pod: JsonObject, what: string, which: number): void {
  const volumes = ((specOf(pod)['volumes'] ?? []) as { emptyDir?: object; [key: string]: unknown }[]).filter(
    ({ name }) => String(name).startsWith('kube-harden-'),
  );
  const mounts = containersOf(pod).flatMap(({ volumeMounts }) => (volumeMounts ?? []) as { [key: string]: unknown }[]);
  const volume = volumes[which % Math.max(volumes.length, 1)];
  const mount = mounts[which % Math.max(mounts.length, 1)];
  if (what === 'size' && volume?.emptyDir !== undefined) Object.assign(volume.emptyDir, { sizeLimit: '1Gi' });
  if (what === 'medium' && volume?.emptyDir !== undefined) Object.assign(volume.emptyDir, { medium: 'Memory' });
  if (what === 'source' && volume?.emptyDir !== undefined) {
    delete volume.emptyDir;
    volume['persistentVolumeClaim'] = { claimName: 'x' };
  }
  if (what === 'readOnly' && mount !== undefined) mount['readOnly'] = true;
  if (what === 'subPath' && mount !== undefined) mount['subPath'] = 'x';
  if (what === 'declare') {
    const metadata = {
      ...(pod['metadata'] as JsonObject | undefined),
      annotations: { 'kube-harden.io/writable-paths': '/tmp=2Gi' },
    };
    Object.assign(pod, { metadata });
  }
}

function specOf(pod: JsonObject): JsonObject {
  return pod['spec'] as JsonObject;
}

function containersOf(pod: JsonObject): JsonObject[] {
  const spec = specOf(pod);
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => (spec[list] ?? []) as JsonObject[]);
}

function securityContextOf(container: JsonObject): JsonObject {
  return isJsonObject(container['securityContext']) ? container['securityContext'] : {};
}

describe(`harden, over ${tries().numRuns} random pods ${bySeed}`, function () {
  this.timeout(millisecondsFor(240_000));

  it('makes patches that apply, puts each added value where it says, and says it in one line', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, (pod, policy) => {
        const { decisions } = hardening(pod, policy);
        const result = apply(pod, policy);
        for (const decision of decisions) {
          expect(sentence(decision)).to.match(/^[^\n]+$/);
          if (decision.action !== 'added') continue;
          const appends = decision.path.at(-1) === '-';
          const path = appends ? decision.path.slice(0, -1) : decision.path;
          const found = path.reduce<Json>((value, key) => (value as { [key: string]: Json })[key] ?? null, result);
          if (appends) expect(found).to.deep.include(decision.value);
          else expect(found).to.deep.equal(decision.value);
        }
        for (const line of warnings(decisions, 'enforce', policy.name)) expect(line.length).to.be.at.most(120);
      }),
    );
  });

  it('leaves every explicit value as it is, and the input untouched', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, (pod, policy) => {
        deepFreeze(pod);
        expect(changes(pod, apply(pod, policy))).to.deep.equal([]);
      }),
    );
  });

  it('is a fixed point, with a claim and without one', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, (pod, policy) => {
        const once = apply(pod, policy);
        expect(hardening(once, policy).patch).to.deep.equal([]);
        expect(hardening(once, policy, ownFields(hardening(pod, policy).decisions)).patch).to.deep.equal([]);
      }),
    );
  });

  it('takes nothing out that it has not added with that very value, whatever is claimed', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, fc.array(arbitraryNonsense), (pod, policy, values) => {
        const names = ownFields(hardening(pod, policy).decisions).map(({ name }) => name);
        const claimed = names.map((name, index) => ({ name, value: (values[index] ?? 'another') as Json }));
        expect(changes(pod, apply(pod, policy, claimed))).to.deep.equal([]);
      }),
    );
  });

  it('decides for a container whatever its neighbours are called and however they are ordered', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, (pod, policy) => {
        const spec = specOf(pod);
        const reversed = { ...pod, spec: { ...spec, containers: [...(spec['containers'] as Json[])].reverse() } };
        const one = apply(pod, policy);
        const other = apply(reversed, policy);
        const byName = (left: JsonObject, right: JsonObject) => (String(left['name']) < String(right['name']) ? -1 : 1);
        expect(containersOf(one).sort(byName)).to.deep.equal(containersOf(other).sort(byName));
        expect(specOf(one)['securityContext']).to.deep.equal(specOf(other)['securityContext']);
        expect([...(specOf(one)['volumes'] as JsonObject[])].sort(byName)).to.deep.equal(
          [...(specOf(other)['volumes'] as JsonObject[])].sort(byName),
        );
      }),
    );
  });

  it('comes out the same in a second call, after another webhook added a sidecar, as in a first one', () => {
    check(
      fc.property(arbitraryPod, arbitraryContainer, arbitraryPolicy, (pod, container, policy) => {
        const sidecar: JsonObject = { ...container, name: 'injected' };
        const inject = (to: JsonObject): JsonObject => ({
          ...to,
          spec: { ...specOf(to), containers: [...(specOf(to)['containers'] as Json[]), sidecar] },
        });
        const first = apply(inject(pod), policy);
        const claimed = ownFields(hardening(pod, policy).decisions);
        const second = apply(inject(apply(pod, policy)), policy, claimed);
        const strip = (result: JsonObject): unknown => {
          const spec = specOf(result);
          const volumes = [...((spec['volumes'] ?? []) as JsonObject[])].map((volume) => JSON.stringify(volume)).sort();
          const security = Object.entries(isJsonObject(spec['securityContext']) ? spec['securityContext'] : {});
          const containers = containersOf(result).map((each) => ({
            ...each,
            // Where the first call made what the second took back, an empty object stays, which says nothing.
            securityContext: saying(securityContextOf(each)),
            volumeMounts: [...((each['volumeMounts'] ?? []) as Json[])].map((mount) => JSON.stringify(mount)).sort(),
          }));
          return {
            volumes,
            containers,
            security: Object.fromEntries(
              security.filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
            ),
          };
        };
        expect(strip(second)).to.deep.equal(strip(first));
      }),
    );
  });

  it('names each volume and each mount once, whatever another webhook makes of them between two calls', () => {
    const edit = fc.record({
      what: fc.constantFrom('size', 'medium', 'source', 'readOnly', 'subPath', 'declare', 'nothing'),
      which: fc.nat(20),
    });
    check(
      fc.property(arbitraryPod, arbitraryPolicy, fc.array(edit, { maxLength: 4 }), (pod, policy, edits) => {
        const claimed = ownFields(hardening(pod, policy).decisions);
        const once = structuredClone(apply(pod, policy)) as JsonObject;
        for (const { what, which } of edits) editVolumes(once, what, which);
        const result = apply(once, policy, claimed);
        const names = ((specOf(result)['volumes'] ?? []) as JsonObject[]).map(({ name }) => String(name));
        expect(new Set(names).size).to.equal(names.length);
        for (const container of containersOf(result)) {
          const mounts = (container['volumeMounts'] ?? []) as JsonObject[];
          expect(new Set(mounts.map(({ mountPath }) => mountPath)).size).to.equal(mounts.length);
          for (const { name } of mounts) expect(names).to.include(name);
        }
      }),
    );
  });

  it('adds nothing that validation would reject', () => {
    check(
      fc.property(arbitraryPod, arbitraryPolicy, (pod, policy) => {
        const result = apply(pod, policy);
        const spec = specOf(result);
        const volumeNames = ((spec['volumes'] ?? []) as JsonObject[]).map(({ name }) => String(name));
        expect(new Set(volumeNames).size).to.equal(volumeNames.length);
        for (const name of volumeNames) expect(name).to.match(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        const before = containersOf(pod);
        containersOf(result).forEach((container, index) => {
          const mounts = (container['volumeMounts'] ?? []) as JsonObject[];
          const paths = mounts.map(({ mountPath }) => mountPath);
          expect(new Set(paths).size).to.equal(paths.length);
          for (const { name } of mounts) expect(volumeNames).to.include(name);
          const own = securityContextOf(before[index] ?? {});
          const { allowPrivilegeEscalation, privileged, capabilities } = securityContextOf(container);
          if (own['allowPrivilegeEscalation'] === false) return;
          const added = isJsonObject(capabilities) ? ((capabilities['add'] ?? []) as string[]) : [];
          const escalates = privileged === true || added.some((name) => /^(cap_)?(sys_admin|all)$/i.test(name));
          if (escalates) expect(allowPrivilegeEscalation).to.not.equal(false);
        });
        const isWindows = (value: Json | undefined): boolean =>
          isJsonObject(value) && Object.values(value).includes('windows');
        if (isWindows(spec['os']) || isWindows(spec['nodeSelector'])) {
          const fields = hardening(pod, policy).decisions.flatMap(({ action, field }) =>
            action === 'added' ? [field] : [],
          );
          expect(fields.filter((field) => field !== 'securityContext.runAsNonRoot')).to.deep.equal([]);
        }
      }),
    );
  });

  it('never throws and never pollutes a prototype, whatever comes', () => {
    check(
      fc.property(arbitraryNonsense, arbitraryPolicy, (nonsense, policy) => {
        for (const pod of [nonsense, { spec: nonsense }, { spec: { containers: nonsense } }]) {
          const answer = harden(pod as Json, policy);
          if (isRefusal(answer)) expect(answer.refusal).to.match(/^[^\n]+$/);
          else if (isJsonObject(pod)) apply(pod as Json, policy);
          hardenEphemeralContainers(pod as Json, pod as Json, policy);
        }
        expect(Object.keys(Object.prototype)).to.deep.equal([]);
      }),
    );
  });

  it('by restricted makes of every baseline pod a restricted one, unless an explicit setting stands against it', () => {
    const restricted = builtInPolicy('restricted');
    check(
      fc.property(arbitraryStandardsPod, arbitraryVersion, (pod, version) => {
        const answer = harden(pod, restricted);
        if (isRefusal(answer) || evaluatePod(pod, 'baseline', version).length > 0) return;
        const result = apply(pod, restricted);
        for (const { check: id, message } of evaluatePod(result, 'restricted', version)) {
          expect(standsAgainst(id, pod, version), `${id} at ${version}: ${message}`).to.equal(true);
        }
      }),
    );
  });
});

/** Without what is null or an empty object, which says nothing. */
function saying(block: JsonObject): JsonObject {
  const entries = Object.entries(block).map(
    ([key, value]) => [key, isJsonObject(value) ? saying(value) : value] as const,
  );
  return Object.fromEntries(
    entries.filter(([, value]) => value !== null && !(isJsonObject(value) && Object.keys(value).length === 0)),
  );
}

/** Whether the author of a pod wrote something that a check of the restricted standard refuses by itself. */
function standsAgainst(check: string, pod: JsonObject, version: string): boolean {
  const spec = specOf(pod);
  const podContext = securityContextOf(spec);
  const contexts = containersOf(pod).map(securityContextOf);
  const has = (field: string, refused: (value: Json) => boolean): boolean =>
    [podContext, ...contexts].some((context) => refused(context[field] ?? null));
  const isWindows = isJsonObject(spec['os']) && spec['os']['name'] === 'windows';
  // Pod Security goes by spec.os alone; the rules go by whatever tells that a pod is one of Windows.
  const linuxOnlyStillAsked = readPod(pod).isWindows && !(isWindows && Number(version.split('.')[1]) >= 25);
  switch (check) {
    case 'allowPrivilegeEscalation':
      return linuxOnlyStillAsked || has('allowPrivilegeEscalation', (value) => value === true);
    case 'capabilities_restricted':
      return (
        linuxOnlyStillAsked ||
        has('capabilities', (value) => isJsonObject(value) && (isList(value['add']) || isList(value['drop'])))
      );
    case 'runAsNonRoot':
      return (
        spec['hostUsers'] === false ||
        has('runAsNonRoot', (value) => value === false) ||
        has('runAsUser', (value) => value === 0) ||
        has('procMount', (value) => value === 'Unmasked')
      );
    case 'runAsUser':
      return has('runAsUser', (value) => value === 0);
    case 'seccompProfile_restricted': {
      const metadata = isJsonObject(pod['metadata']) ? pod['metadata'] : {};
      const annotated =
        isJsonObject(metadata['annotations']) &&
        Object.keys(metadata['annotations']).some((key) => key.includes('seccomp'));
      return (
        linuxOnlyStillAsked ||
        annotated ||
        has('seccompProfile', (value) => isJsonObject(value) && value['type'] !== 'RuntimeDefault')
      );
    }
    case 'procMount':
    case 'procMount_restricted':
    case 'restrictedVolumes':
      return true;
    default:
      return false;
  }
}

function isList(value: Json | undefined): boolean {
  return Array.isArray(value);
}
