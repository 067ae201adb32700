import { expect } from 'chai';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json/json.ts';
import type { Level, PssVersion, Violation } from '../../src/standards/evaluate.ts';
import { evaluatePod, parsePssVersion, podLevel } from '../../src/standards/evaluate.ts';
import { bySeed, tries } from '../property.ts';
import { arbitraryLevel, arbitraryPod, arbitraryVersion } from './arbitraryPod.ts';
import type { RecordedPod, RecordedVerdicts } from './recorded.ts';
import { readRecording } from './recorded.ts';

const restrictedContainer: JsonObject = {
  name: 'app',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

function pod(spec: JsonObject): JsonObject {
  return { spec: { containers: [restrictedContainer], ...spec } };
}

function checksOf(violations: readonly Violation[]): string[] {
  return violations.map(({ check }) => check);
}

describe('evaluatePod', () => {
  const recording = readRecording();

  it('says what upstream says, word for word, on every recorded pod at every version', () => {
    for (const recorded of recording.pods) {
      for (let minor = 0; minor <= recording.newestMinor + 2; minor += 1) {
        expectRecorded(recorded, minor, `1.${minor}`);
      }
      expectRecorded(recorded, Number.POSITIVE_INFINITY, 'latest');
    }
  });

  it('allows everything at the privileged level', () => {
    for (const { pod } of recording.pods) {
      expect(evaluatePod(pod, 'privileged', 'latest')).to.deep.equal([]);
    }
  });

  it('hides an overridden baseline check at the restricted level only', () => {
    const hostPath = pod({ volumes: [{ name: 'host', hostPath: { path: '/' } }] });
    expect(checksOf(evaluatePod(hostPath, 'baseline', 'latest'))).to.deep.equal(['hostPathVolumes']);
    expect(checksOf(evaluatePod(hostPath, 'restricted', 'latest'))).to.deep.equal(['restrictedVolumes']);
  });

  it('overrides a baseline check only from the version on in which the overriding check exists', () => {
    const adding = pod({
      containers: [{ ...restrictedContainer, securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }],
    });
    expect(checksOf(evaluatePod(adding, 'restricted', '1.21'))).to.include('capabilities_baseline');
    expect(checksOf(evaluatePod(adding, 'restricted', '1.22')))
      .to.include('capabilities_restricted')
      .and.not.include('capabilities_baseline');
  });

  it('reads what is of a wrong type as absent', () => {
    const malformed = { metadata: { annotations: 7 }, spec: { hostNetwork: 'true', volumes: {}, os: ['windows'] } };
    expect(evaluatePod(malformed, 'restricted', 'latest')).to.deep.equal([]);
    const noSpec: readonly JsonObject[] = [{}, { spec: null }, { spec: [] }, { metadata: null, spec: 'none' }];
    for (const empty of noSpec) {
      expect(evaluatePod(empty, 'restricted', 'latest')).to.deep.equal([]);
    }
  });

  it('counts a container that is null, as Go does', () => {
    expect(evaluatePod({ spec: { containers: [null] } }, 'restricted', '1.8')[0]?.message).to.equal(
      'allowPrivilegeEscalation != false (container "" must set securityContext.allowPrivilegeEscalation=false)',
    );
  });

  it(`never throws, whatever stands in the place of a value ${bySeed}`, () => {
    const anyJson = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(
        arbitraryPod,
        anyJson,
        fc.nat(),
        arbitraryLevel,
        arbitraryVersion,
        (pod, value, place, level, version) => {
          const places = pathsOf(pod);
          const path = places[place % places.length] ?? [];
          expect(evaluatePod(withValueAt(pod, path, value), level, version)).to.be.an('array');
        },
      ),
      tries(1000),
    );
  });

  function expectRecorded(recorded: RecordedPod, minor: number, version: PssVersion): void {
    for (const level of ['baseline', 'restricted'] as const) {
      const expected = verdictAt(recorded[level], minor).map((index) => recorded.violations[index]);
      const violations = evaluatePod(recorded.pod, level, version).map(({ check, message }) => [check, message]);
      expect(violations, `${level} ${version} ${JSON.stringify(recorded.pod)}`).to.deep.equal(expected);
    }
  }
});

describe('podLevel', () => {
  it('is restricted, without violations, where nothing is refused', () => {
    expect(podLevel(pod({}), 'latest')).to.deep.equal({ level: 'restricted', violations: [] });
  });

  it('is baseline with what keeps it from restricted', () => {
    const { level, violations } = podLevel(pod({ volumes: [{ name: 'data', nfs: {} }] }), 'latest');
    expect(level).to.equal('baseline');
    expect(checksOf(violations)).to.deep.equal(['restrictedVolumes']);
  });

  it('is privileged with the violations of both levels, each check once', () => {
    const hostile = pod({ hostPID: true, volumes: [{ name: 'host', hostPath: {} }], containers: [{ name: 'app' }] });
    const { level, violations } = podLevel(hostile, 'latest');
    expect(level).to.equal('privileged');
    expect(checksOf(violations)).to.deep.equal([
      'hostNamespaces',
      'hostPathVolumes',
      'allowPrivilegeEscalation',
      'capabilities_restricted',
      'restrictedVolumes',
      'runAsNonRoot',
      'seccompProfile_restricted',
    ]);
  });

  it(`is the strictest level at which evaluatePod finds nothing ${bySeed}`, () => {
    fc.assert(
      fc.property(arbitraryPod, arbitraryVersion, (pod, version) => {
        const levels: readonly Level[] = ['restricted', 'baseline', 'privileged'];
        const { level, violations } = podLevel(pod, version);
        expect(level).to.equal(levels.find((candidate) => evaluatePod(pod, candidate, version).length === 0));
        expect(checksOf(violations)).to.deep.equal([...new Set(checksOf(violations))]);
      }),
      tries(300),
    );
  });
});

describe('parsePssVersion', () => {
  it('reads latest and minor versions, with or without a v', () => {
    expect(['latest', '1.33', 'v1.33', 'v1.0', '1.99'].map(parsePssVersion)).to.deep.equal([
      'latest',
      '1.33',
      '1.33',
      '1.0',
      '1.99',
    ]);
  });

  it('refuses anything else in one line', () => {
    for (const text of ['', 'Latest', '1', '1.', '2.0', '1.033', 'v1.33.1', '1.33\n', ' 1.33', '1.x', '-1.3']) {
      expect(() => parsePssVersion(text), text).to.throw(
        Error,
        /^".*" is not a Pod Security version: expected "latest" or a minor version such as "1\.33"\.$/,
      );
    }
  });
});

function verdictAt(verdicts: RecordedVerdicts, minor: number): readonly number[] {
  const since = Object.keys(verdicts)
    .map(Number)
    .filter((key) => key <= minor);
  return verdicts[Math.max(...since)] ?? [];
}

type Path = readonly string[];

function pathsOf(value: Json): readonly Path[] {
  if (typeof value !== 'object' || value === null) {
    return [[]];
  }
  return [[], ...Object.entries(value).flatMap(([key, child]) => pathsOf(child).map((path) => [key, ...path]))];
}

function withValueAt(pod: JsonObject, path: Path, value: Json): JsonObject {
  const [last = 'spec', ...reversedParents] = path.toReversed();
  const copy = structuredClone(pod);
  const parent = reversedParents.toReversed().reduce((owner: Json, key) => (owner as JsonObject)[key] ?? null, copy);
  Object.assign(parent as object, { [last]: value });
  return copy;
}
