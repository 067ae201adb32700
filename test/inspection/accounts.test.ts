import { expect } from 'chai';
import { findIdentity, readAccounts, readGroups } from '../../src/inspection/accounts.ts';

const accounts = readAccounts(
  'root:x:0:0:root:/root:/bin/sh\n# no\nbad\nx:x:-1:0\napp:x:100:101:::\nlast:x:2147483647:5',
);
const groups = readGroups('root:x:0:\nweb:x:200:app,other\nbig:x:2147483648:');

describe('findIdentity', () => {
  for (const [user, expected] of [
    ['', { name: 'root', uid: 0, gid: 0, isNumber: true }],
    ['app', { name: 'app', uid: 100, gid: 101, isNumber: false }],
    ['100', { name: 'app', uid: 100, gid: 101, isNumber: true }],
    ['5', { name: undefined, uid: 5, gid: 0, isNumber: true }],
    ['app:web', { name: 'app', uid: 100, gid: 200, isNumber: false }],
    ['5:7', { name: undefined, uid: 5, gid: 7, isNumber: true }],
    [':7', { name: 'root', uid: 0, gid: 7, isNumber: true }],
    ['last', { name: 'last', uid: 2147483647, gid: 5, isNumber: false }],
    ['nobody', undefined],
    ['app:nobody', undefined],
    ['app:big', undefined],
    ['99999999999', undefined],
  ] as const) {
    it(`takes ${JSON.stringify(user)} for ${JSON.stringify(expected)}`, () => {
      expect(findIdentity(user, accounts, groups)).to.deep.equal(expected);
    });
  }
});
