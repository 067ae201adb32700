import { expect } from 'chai';
import { findMisplacedFields } from '../../../src/core/pod/misplacedFields.ts';
import { describeMisplaced } from '../../../src/core/sentences.ts';

describe('findMisplacedFields', () => {
  it('finds fields at the wrong scope and under a wrong name', () => {
    const pod = {
      spec: {
        SecurityContext: { runAsNonRoot: true },
        securityContext: { runAsNonroot: true, runAsUser: 1000, allowPrivilegeEscalation: false, privileged: false },
        containers: [
          { name: 'a', securitycontext: {}, readOnlyRootFilesystem: true },
          { name: 'b', securityContext: { fsGroup: 1, readonlyRootFilesystem: true, seccompProfile: {}, future: 1 } },
          'nonsense',
        ],
        initContainers: 'nonsense',
      },
    };
    expect(findMisplacedFields(pod).map(describeMisplaced)).to.deep.equal([
      'spec.SecurityContext does nothing: the field is called securityContext',
      "spec.securityContext.allowPrivilegeEscalation does nothing there: it belongs in a container's securityContext",
      "spec.securityContext.privileged does nothing there: it belongs in a container's securityContext",
      'spec.securityContext.runAsNonroot does nothing: the field is called runAsNonRoot',
      "spec.containers.0.readOnlyRootFilesystem does nothing there: it belongs in a container's securityContext",
      'spec.containers.0.securitycontext does nothing: the field is called securityContext',
      "spec.containers.1.securityContext.fsGroup does nothing there: it belongs in the pod's securityContext",
      'spec.containers.1.securityContext.readonlyRootFilesystem does nothing: the field is called readOnlyRootFilesystem',
    ]);
  });

  it('finds nothing where nothing is', () => {
    for (const pod of [{}, { spec: null }, { spec: { securityContext: null, containers: [null] } }]) {
      expect(findMisplacedFields(pod)).to.deep.equal([]);
    }
  });
});
