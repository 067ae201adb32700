import { expect } from 'chai';
import { readCapabilityAttribute } from '../../src/inspection/capabilityAttribute.ts';

const read = (hex: string) => readCapabilityAttribute(Buffer.from(hex, 'hex'));

describe('readCapabilityAttribute', () => {
  it('reads what setcap writes', () => {
    // As `setcap cap_net_bind_service=+ep`, `cap_net_raw=ep`, `cap_setuid,cap_setgid=p` and `cap_bpf=ep` write them.
    expect(read('0100000200040000000000000000000000000000')).to.deep.equal({
      names: ['NET_BIND_SERVICE'],
      isEffective: true,
    });
    expect(read('0100000200200000000000000000000000000000')?.names).to.deep.equal(['NET_RAW']);
    expect(read('00000002c0000000000000000000000000000000')).to.deep.equal({
      names: ['SETGID', 'SETUID'],
      isEffective: false,
    });
    expect(read('0100000200000000000000008000000000000000')?.names).to.deep.equal(['BPF']);
    expect(read('010000030004000000000000000000000000000010270000')?.names).to.deep.equal(['NET_BIND_SERVICE']);
    expect(read('0100000100040000000000000000')).to.equal(undefined);
    expect(read('010000010004000000000000')?.names).to.deep.equal(['NET_BIND_SERVICE']);
  });

  it('takes nothing that the kernel would not', () => {
    for (const hex of [
      '',
      '01',
      '01000002',
      '0100000400040000000000000000000000000000',
      '0100000200000000000400000000000000000000',
    ])
      expect(read(hex), hex).to.equal(undefined);
  });
});
