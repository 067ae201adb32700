import { expect } from 'chai';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { readPod } from '../../../src/core/pod/pod.ts';

const expression = (operator: string, values: readonly string[], key = 'kubernetes.io/os'): JsonObject => ({
  key,
  operator,
  values,
});
const term = (...matchExpressions: readonly JsonObject[]): JsonObject => ({ matchExpressions });
const requiring = (...nodeSelectorTerms: readonly JsonObject[]): JsonObject => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const options = { securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } };
const isWindows = (spec: JsonObject): boolean => readPod({ spec: { containers: [{ name: 'a' }], ...spec } }).isWindows;

describe('a pod', () => {
  const windows: Readonly<Record<string, JsonObject>> = {
    'says so': { os: { name: 'windows' } },
    'selects such nodes': { nodeSelector: { 'kubernetes.io/os': 'windows' } },
    'selects such nodes by the old label': { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } },
    'requires such nodes': requiring(term(expression('In', ['windows']))),
    'requires nodes that have not Linux': requiring(term(expression('NotIn', ['linux']))),
    'requires them in each of its terms': requiring(
      term(expression('In', ['windows'])),
      term(expression('Exists', [], 'disk'), expression('In', ['windows'], 'beta.kubernetes.io/os')),
    ),
    'has options of it': options,
    'has options of it in a container': { containers: [{ name: 'a', ...options }] },
  };
  for (const [how, spec] of Object.entries(windows)) {
    it(`runs on Windows where it ${how}`, () => expect(isWindows(spec)).to.equal(true));
  }

  const linux: Readonly<Record<string, JsonObject>> = {
    'says nothing': {},
    'says so, whatever else it says': { os: { name: 'linux' }, ...options },
    'selects such nodes, whatever options it has': { nodeSelector: { 'kubernetes.io/os': 'linux' }, ...options },
    'requires such nodes, whatever options it has': { ...requiring(term(expression('In', ['linux']))), ...options },
    'may run there by one of its terms': requiring(
      term(expression('In', ['windows'])),
      term(expression('Exists', [], 'disk')),
    ),
    'takes either': requiring(term(expression('In', ['windows', 'linux']))),
    'has a term that says nothing': requiring({}),
    'has options that say nothing': {
      securityContext: { windowsOptions: { runAsUserName: null, hostProcess: false } },
    },
    'only prefers Windows': {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: term(expression('In', ['windows'])) },
          ],
        },
      },
    },
  };
  for (const [how, spec] of Object.entries(linux)) {
    it(`counts as one of Linux where it ${how}`, () => expect(isWindows(spec)).to.equal(false));
  }
});
