import type { LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import { asLookupFunction, lookUpNames } from '../../src/sinks/look-up-names.ts';
import { settle } from './fakes.ts';

const LONG = 60_000;
const at = (address: string): readonly LookupAddress[] => [{ address, family: 4 }];

/** A system whose answers a test gives when it likes. */
function fakeSystem() {
  const asked: string[] = [];
  const open = new Map<string, { answer: (address: string) => void; fail: (cause: Error) => void }>();
  const ask = (host: string): Promise<readonly LookupAddress[]> => {
    asked.push(host);
    return new Promise((resolve, reject) => {
      open.set(host, { answer: (address) => { resolve(at(address)); }, fail: reject });
    });
  };
  return { asked, ask, answer: (host: string, address: string) => { open.get(host)?.answer(address); }, fail: (host: string, cause: Error) => { open.get(host)?.fail(cause); } };
}

it('asks once for a name, however many want to know', async () => {
  const system = fakeSystem();
  const lookUp = lookUpNames(system.ask);
  const both = [lookUp('logs.test', LONG), lookUp('logs.test', LONG)];
  await settle();
  system.answer('logs.test', '192.0.2.1');
  expect(await Promise.all(both)).toEqual([at('192.0.2.1'), at('192.0.2.1')]);
  const later = lookUp('logs.test', LONG);
  await settle();
  system.answer('logs.test', '192.0.2.2');
  expect(await later).toEqual(at('192.0.2.2'));
  expect(system.asked).toEqual(['logs.test', 'logs.test']);
});

it('gives up on servers that are silent, joins the call that still runs, and has two of these at most', async () => {
  const system = fakeSystem();
  const lookUp = lookUpNames(system.ask);
  for (let round = 0; round < 3; round++) {
    const tries = ['one.test', 'two.test', 'three.test'].map((name) => lookUp(name, 10));
    await Promise.all(tries.map((each) => expect(each).rejects.toThrow(/no name server says within 0.01 s where \w+\.test is/)));
  }
  expect(system.asked).toEqual(['one.test', 'two.test']);
  const third = lookUp('three.test', LONG);
  system.fail('one.test', new Error('getaddrinfo EAI_AGAIN one.test'));
  await settle();
  expect(system.asked).toEqual(['one.test', 'two.test', 'three.test']);
  system.answer('three.test', '192.0.2.3');
  expect(await third).toEqual(at('192.0.2.3'));
  // The place of one that ended is free for one other, not for two.
  const more = ['four.test', 'five.test'].map((name) => lookUp(name, LONG));
  await settle();
  expect(system.asked.slice(3)).toEqual(['four.test']);
  system.answer('two.test', '192.0.2.2');
  await settle();
  expect(system.asked.slice(3)).toEqual(['four.test', 'five.test']);
  system.answer('four.test', '192.0.2.4');
  system.answer('five.test', '192.0.2.5');
  expect(await Promise.all(more)).toEqual([at('192.0.2.4'), at('192.0.2.5')]);
});

it('needs nobody for an address', async () => {
  const system = fakeSystem();
  const lookUp = lookUpNames(system.ask);
  expect(await lookUp('192.0.2.7', 0)).toEqual(at('192.0.2.7'));
  expect(await lookUp('::1', 0)).toEqual([{ address: '::1', family: 6 }]);
  expect(system.asked).toEqual([]);
});

it('answers a socket with one address or all of them, or why there is none', async () => {
  const lookup = asLookupFunction((host) => (host === 'none.test' ? Promise.reject(new Error('getaddrinfo ENOTFOUND none.test')) : Promise.resolve([...at('192.0.2.1'), { address: '2001:db8::1', family: 6 }])), LONG);
  const answered = (host: string, all: boolean) => new Promise<unknown[]>((resolve) => { lookup(host, { all }, (...answer) => { resolve(answer); }); });
  expect(await answered('logs.test', true)).toEqual([null, [{ address: '192.0.2.1', family: 4 }, { address: '2001:db8::1', family: 6 }]]);
  expect(await answered('logs.test', false)).toEqual([null, '192.0.2.1', 4]);
  expect(String((await answered('none.test', true))[0])).toContain('ENOTFOUND');
});
