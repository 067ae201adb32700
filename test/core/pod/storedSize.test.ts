import { expect } from 'chai';
import type { JsonObject } from '../../../src/core/json/json.ts';
import { leastStoredSize, storedSize } from '../../../src/core/pod/storedSize.ts';

describe('storedSize', () => {
  it('comes to an end whatever a number is', () => {
    for (const number of ['1e400', '-1e400', '1e300', '9223372036854775807', '1.5', '-0']) {
      const pod = JSON.parse(`{"spec":{"priority":${number}}}`) as JsonObject;
      expect(storedSize(pod), number).to.be.below(2000);
      expect(leastStoredSize(pod), number).to.be.within(1, storedSize(pod));
    }
  });
});
