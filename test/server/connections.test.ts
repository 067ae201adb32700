import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { expect } from 'chai';
import { boundConnections } from '../../src/server/connections.ts';

/** A server, its connections and its clock, all of them fake. */
class Fake {
  readonly server = new EventEmitter();
  time = 0;
  #port = 0;

  constructor(most: number) {
    const isReview = ({ method }: IncomingMessage): boolean => method === 'POST';
    boundConnections(this.server as unknown as Server, most, isReview, () => this.time);
  }

  open(remoteAddress: string): Client {
    this.#port += 1;
    const client = new Client(this.server, remoteAddress, this.#port);
    this.server.emit('connection', client);
    return client;
  }

  openMany(count: number, remoteAddress: string, use: (client: Client) => void = () => {}): Client[] {
    return Array.from({ length: count }, () => {
      const client = this.open(remoteAddress);
      use(client);
      return client;
    });
  }
}

class Client extends EventEmitter {
  destroyed = false;
  readonly server: EventEmitter;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number;

  constructor(server: EventEmitter, remoteAddress: string | undefined, remotePort: number) {
    super();
    this.server = server;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** Gives back how to answer it. */
  ask(method: string, complete = true): (statusCode: number) => void {
    const response = Object.assign(new EventEmitter(), { writableFinished: false, statusCode: 0 });
    this.server.emit('request', { method, complete, socket: this }, response);
    return (statusCode) => {
      Object.assign(response, { writableFinished: true, statusCode });
      response.emit('close');
    };
  }
}

const openOnly = (): void => {};
const probe = (client: Client): void => client.ask('GET')(200);
const review = (client: Client): void => client.ask('POST')(200);
const reviewThenHalf = (client: Client): void => {
  review(client);
  client.ask('POST', false);
};
const work = (client: Client): void => void client.ask('POST');

function countAlive(clients: readonly Client[]): number {
  return clients.filter(({ destroyed }) => !destroyed).length;
}

describe('connections', () => {
  for (const [name, use] of [
    ['have sent nothing', openOnly],
    ['have asked how it is', probe],
    ['have had a review', review],
    ['have half a request under way', reviewThenHalf],
    ['are at work', work],
  ] as const) {
    it(`of an address with all places make room for other addresses, however many more come: all ${name}`, () => {
      const fake = new Fake(20);
      const crowd = fake.openMany(20, 'a', use);
      const [fresh, kept] = [fake.open('b'), fake.open('b')];
      review(kept);
      for (let count = 0; count < 100; count += 1) {
        crowd.push(...fake.openMany(5, 'a', use));
        fake.time += 10;
      }
      expect(fresh.destroyed).to.equal(false);
      expect(kept.destroyed).to.equal(false);
      expect(countAlive(crowd)).to.equal(18);
    });
  }

  it('of one address lose the late ones first, then the idle ones, the longest first', () => {
    const fake = new Fake(6);
    const idle = fake.openMany(2, 'a', review);
    const refused = fake.open('a');
    refused.ask('POST')(400);
    const half = fake.open('a');
    reviewThenHalf(half);
    const [silent, working] = fake.openMany(2, 'a');
    working?.ask('POST');
    review(idle[0] ?? half);
    fake.time = 500;
    const clients = { idle0: idle[0], idle1: idle[1], refused, half, silent, working };
    const lost: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      work(fake.open('a'));
      for (const [name, client] of Object.entries(clients)) {
        if (client?.destroyed === true && !lost.includes(name)) lost.push(name);
      }
    }
    expect(lost).to.deep.equal(['refused', 'half', 'silent', 'idle1', 'idle0']);
    const newcomer = fake.open('a');
    expect([newcomer.destroyed, working?.destroyed]).to.deep.equal([true, false]);
  });

  it('of one address have half a second to come, at the cost of idle ones up to half of all places', () => {
    const fake = new Fake(20);
    const idle = fake.openMany(20, 'a', review);
    const newcomers = fake.openMany(10, 'a');
    expect([countAlive(newcomers), countAlive(idle)]).to.deep.equal([10, 10]);
    fake.time = 499;
    const later = fake.openMany(3, 'a');
    expect([countAlive(newcomers), countAlive(later), countAlive(idle)]).to.deep.equal([7, 3, 10]);
    fake.time = 500;
    const last = fake.openMany(7, 'a');
    expect([countAlive(newcomers), countAlive(later), countAlive(last)]).to.deep.equal([0, 3, 7]);
    expect(countAlive(idle)).to.equal(10);
  });

  it('get no more time by asking how it is, or by half a request', () => {
    const fake = new Fake(4);
    const [probing, half] = fake.openMany(2, 'a');
    fake.time = 400;
    half?.ask('POST', false);
    const fresh = fake.openMany(2, 'a');
    fake.time = 499;
    if (probing !== undefined) probe(probing);
    fake.open('a');
    expect(probing?.destroyed).to.equal(true);
    fake.time = 500;
    fake.open('a');
    expect(half?.destroyed).to.equal(true);
    expect(countAlive(fresh)).to.equal(2);
  });

  it('that are gone leave their places', () => {
    const fake = new Fake(10);
    for (const client of fake.openMany(10, 'a', review)) client.emit('close');
    const clients = [...fake.openMany(5, 'a'), ...fake.openMany(5, 'b')];
    expect(countAlive(clients)).to.equal(10);
  });

  it('that nobody knows the end of are cut off at once', () => {
    const fake = new Fake(10);
    const gone = new Client(fake.server, undefined, 0);
    fake.server.emit('connection', gone);
    expect(gone.destroyed).to.equal(true);
  });

  it('cost the same each, however many there are', () => {
    const measure = (most: number): number => {
      const fake = new Fake(most);
      fake.openMany(most, 'a', review);
      const began = performance.now();
      for (let count = 0; count < 20_000; count += 1) {
        // A third each: those that stay silent, those that ask how it is, those at work.
        const client = fake.open(`a${count % 7}`);
        [openOnly, probe, work][count % 3]?.(client);
        fake.time += 0.1;
      }
      return performance.now() - began;
    };
    measure(100);
    const few = Math.min(measure(100), measure(100), measure(100));
    const many = Math.min(measure(6400), measure(6400), measure(6400));
    expect(many).to.be.below(8 * few + 20);
  });
});
