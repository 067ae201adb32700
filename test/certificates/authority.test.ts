import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Authority, Lifetimes } from '../../src/certificates/authority.ts';
import {
  advanceAuthority,
  endOf,
  isFresh,
  leafValidity,
  readSigner,
  trustedBundle,
} from '../../src/certificates/authority.ts';
import { makeAuthority } from '../../src/certificates/issueCertificate.ts';
import { momentOf } from '../../src/certificates/moment.ts';

const day = 86_400_000;
const hour = 3_600_000;
const lifetimes: Lifetimes = { authority: 300 * day, certificate: day };
const start = Date.UTC(2026, 0, 1);

/** Both clocks agree. */
const at = (days: number): ReturnType<typeof momentOf> => momentOf(start + days * day);
const published = (): boolean => true;
const unpublished = (): boolean => false;

/** What a process does that has just started, and remembers nothing. */
const advance = (
  authority: Authority | undefined,
  publishes: (bundle: string) => boolean,
  moment: ReturnType<typeof momentOf>,
): Promise<Authority> => advanceAuthority(authority && structuredClone(authority), publishes, moment, lifetimes);

async function advanceAll(days: readonly number[]): Promise<Authority> {
  let authority: Authority | undefined;
  for (const each of days) authority = await advance(authority, published, at(each));
  if (authority === undefined) throw new Error('no days');
  return authority;
}

async function makeCa(fromDays: number, toDays: number): Promise<Authority['signing']> {
  const validity = { notBefore: new Date(start + fromDays * day), notAfter: new Date(start + toDays * day) };
  return readSigner(await makeAuthority('a CA', validity));
}

const alone = (signing: Authority['signing']): Authority => ({
  signing,
  next: undefined,
  retired: undefined,
  published: undefined,
});

describe('advanceAuthority', () => {
  it('makes a CA where there is none, two years back, and leaves it alone for two thirds of its life', async () => {
    const made = await advanceAuthority(undefined, published, at(0), lifetimes);
    expect(endOf(made.signing.cert)).to.equal(start + 300 * day);
    expect(made.signing.validity.notBefore.getTime()).to.equal(start - 730 * day);
    expect(await advanceAuthority(made, published, at(200), lifetimes)).to.equal(made);
  });

  it('changes the CA so that each certificate is trusted by what was published before it was issued', async () => {
    const first = await advanceAll([0]);
    const second = await advance(first, published, at(201));
    expect(second.signing).to.deep.equal(first.signing);
    expect(second.next).to.not.equal(undefined);
    expect(trustedBundle(second).match(/BEGIN/g)).to.have.length(2);

    expect(await advance(second, unpublished, at(221)), 'unpublished').to.deep.equal(second);
    const third = await advance(second, (bundle) => bundle === trustedBundle(second), at(202));
    const digest = createHash('sha256').update(trustedBundle(second)).digest('hex');
    expect(third).to.deep.equal({ ...second, published: { bundle: digest, since: start + 202 * day } });
    expect(await advance(third, published, at(211)), 'too early').to.deep.equal(third);
    expect(await advance(third, unpublished, at(213)), 'taken away').to.deep.equal(third);

    const fourth = await advance(third, published, at(212));
    const { cert, validity } = first.signing;
    expect(fourth).to.deep.equal({
      signing: second.next,
      next: undefined,
      retired: { cert, validity },
      published: undefined,
    });
    expect(trustedBundle(fourth)).to.include(cert.trim());
    expect(await advance(fourth, published, at(299))).to.deep.equal(fourth);
    expect(await advance(fourth, published, at(300))).to.deep.equal({ ...fourth, retired: undefined });
  });

  it('waits anew where another bundle was published, or a clock that was ahead has noted it', async () => {
    const waiting = await advanceAll([0, 201, 202]);
    for (const note of [
      { bundle: 'of another', since: start },
      { bundle: waiting.published?.bundle ?? '', since: start + 602 * day },
    ]) {
      const noted = await advance({ ...waiting, published: note }, published, at(220));
      expect(noted).to.deep.equal({
        ...waiting,
        published: { bundle: waiting.published?.bundle, since: start + 220 * day },
      });
    }
  });

  it('lets the next CA sign early where the present one ends too soon for the full wait', async () => {
    const ending = { ...alone(await makeCa(0, 210)), next: await makeCa(200, 500) };
    const noted = await advance(ending, published, at(206));
    expect(await advance(noted, published, at(207.9))).to.deep.equal(noted);
    expect((await advance(noted, published, at(208))).signing).to.deep.equal(ending.next);
  });

  it('takes the next CA, or a new one, where the present one has ended', async () => {
    const first = await advanceAll([0]);
    const prepared = await advance(first, unpublished, at(250));
    expect(await advance(prepared, unpublished, at(301))).to.deep.equal(alone(prepared.next as Authority['signing']));
    const anew = await advance(first, unpublished, at(301));
    expect(endOf(anew.signing.cert)).to.equal(start + 601 * day);
  });

  it('takes a CA that is not valid yet for none, and a next one that is of no use', async () => {
    const early = await advance(alone(await makeCa(1, 301)), published, at(0));
    expect(early.signing.validity.notBefore.getTime()).to.be.below(start);
    const signing = await makeCa(-100, 150);
    for (const bad of [await makeCa(1, 400), await makeCa(-400, -1), await makeCa(-400, 30)]) {
      const without = await advance({ ...alone(signing), next: bad }, published, at(0));
      expect(without).to.deep.equal(alone(signing));
    }
  });

  it('makes the next CA for one that lasts longer than it is to last now', async () => {
    const long = alone(await makeCa(0, 3000));
    const { signing, next } = await advance(long, published, at(1));
    expect(signing).to.deep.equal(long.signing);
    expect(endOf(next?.cert ?? '')).to.equal(start + 301 * day);
  });

  for (const [which, momentAt] of [
    ["a replica's", (days: number, jump: number) => momentOf(start + (days + jump) * day, start + days * day)],
    ["the API server's", (days: number, jump: number) => momentOf(start + days * day, start + (days + jump) * day)],
  ] as const) {
    it(`does nothing that one clock alone asks for, while ${which} is wrong`, async () => {
      for (const [days, steps] of [
        [100, [0]],
        [203, [0, 201, 202]],
        [250, [0, 201, 202, 213]],
      ] as const) {
        const authority = await advanceAll(steps);
        for (const jump of [2 / 24, 13 / 24, 260, 400, 4000, -2 / 24, -13 / 24, -260, -400, -4000]) {
          const moment = momentAt(days, jump);
          expect(await advanceAuthority(authority, published, moment, lifetimes), `${days}: ${jump}`).to.equal(
            authority,
          );
        }
      }
    });

    it(`makes a CA that is good by both clocks where there is none and ${which} is wrong`, async () => {
      for (const jump of [13 / 24, 400, -13 / 24, -400]) {
        const { signing } = await advanceAuthority(undefined, published, momentAt(0, jump), lifetimes);
        for (const days of [0, jump]) {
          expect(signing.validity.notBefore.getTime()).to.be.at.most(start + (days - 730) * day);
          expect(signing.validity.notAfter.getTime()).to.be.at.least(start + (days + 300) * day);
        }
      }
    });
  }

  it('heals where all clocks were ahead together: what was made then is good, and changes in its turn', async () => {
    const first = await advanceAll([0]);
    const wrong = await advance(first, published, at(400));
    expect(wrong.signing).to.not.deep.equal(first.signing);
    const right = await advance(wrong, published, at(1));
    expect(right.signing, 'good').to.deep.equal(wrong.signing);
    expect(endOf(right.next?.cert ?? '')).to.equal(start + 301 * day);
  });
});

describe('a leaf', () => {
  const signer = { cert: '', validity: { notBefore: new Date(start), notAfter: new Date(start + 30 * hour) } };
  const issued = (hours: number): ReturnType<typeof leafValidity> =>
    leafValidity(signer, momentOf(start + hours * hour), lifetimes);
  const fresh = (leaf: ReturnType<typeof leafValidity>, hours: number): boolean =>
    isFresh(leaf, signer, momentOf(start + hours * hour), lifetimes);

  it('begins with its CA, lasts its life and ends with its CA at the latest', () => {
    expect(issued(1)).to.deep.equal({ notBefore: new Date(start), notAfter: new Date(start + 25 * hour) });
    expect(issued(7).notAfter).to.deep.equal(new Date(start + 30 * hour));
  });

  it('is fresh for half of its life, and where its CA ends too none is fresher', () => {
    expect(fresh(issued(0), 11)).to.equal(true);
    expect(fresh(issued(0), 12)).to.equal(false);
    for (let hours = 12; hours < 30; hours += 1) expect(fresh(issued(12), hours), String(hours)).to.equal(true);
  });

  it('lasts its life by both clocks', () => {
    const leaf = leafValidity(signer, momentOf(start - 13 * hour, start), lifetimes);
    expect(leaf.notAfter).to.deep.equal(new Date(start + 24 * hour));
    expect(isFresh(leaf, signer, momentOf(start - 13 * hour, start), lifetimes)).to.equal(true);
  });
});
