import fc from 'fast-check';
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DIAG_TABLES, type DiagTable } from '../../../src/sources/netlink/sock-diag.ts';
import { createTableMemory, type TableMemory, type TableReading } from '../../../src/sources/netlink/table-memory.ts';
import { datagramsOf } from '../../fixtures/netlink/captured.ts';
import { fakeKernel, int32, message } from './fake-kernel.ts';

const [TCP] = DIAG_TABLES as [DiagTable];
const LITTLE = endianness() === 'LE';
const HEADER = 16;
const done = message(3, 2, int32(0));

/** The messages of the recorded dump of four listeners, each by itself. */
const recorded: readonly Uint8Array[] = datagramsOf('tcp-ipv4').datagrams.flatMap((datagram) => {
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  const messages: Uint8Array[] = [];
  for (let offset = 0; offset + HEADER <= datagram.length; offset += (view.getUint32(offset, LITTLE) + 3) & ~3) {
    if (view.getUint16(offset + 4, LITTLE) === 20) messages.push(datagram.slice(offset, offset + view.getUint32(offset, LITTLE)));
  }
  return messages;
});
const [first, second, third, fourth] = recorded as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** The message with one 32-bit word of `struct inet_diag_msg` set. */
function withWord(original: Uint8Array, word: number, value: number): Uint8Array {
  const copy = original.slice();
  new DataView(copy.buffer).setUint32(HEADER + word * 4, value, LITTLE);
  return copy;
}
const COOKIE_LOW = 11;
const INTERFACE = 10;
const RECEIVE_QUEUE = 14;

function datagram(...messages: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(messages));
}

describe('a table that is read again and again', () => {
  it('is the same object where nothing changed, whatever the numbers of the messages', () => {
    const kernel = fakeKernel([[datagram(...recorded), done], [datagram(...recorded), done], [datagram(...recorded), done]]);
    const memory = createTableMemory(TCP, 'ipv4');
    const reading = memory.read(kernel);
    expect(reading.sockets).toHaveLength(4);
    expect(memory.read(kernel)).toBe(reading);
    expect(memory.read(kernel)).toBe(reading);
  });

  it('does not mind how many connections wait to be accepted', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    const reading = memory.read(fakeKernel([[datagram(first, second), done]]));
    expect(memory.read(fakeKernel([[datagram(withWord(first, RECEIVE_QUEUE, 5), second), done]]))).toBe(reading);
  });

  it('gives a new record for the socket that changed, and the old ones for the others', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    const before = memory.read(fakeKernel([[datagram(first, second, third), done]]));
    const after = memory.read(fakeKernel([[datagram(first, withWord(second, INTERFACE, 7), third), done]]));
    expect(after).not.toBe(before);
    expect(after.sockets[0]).toBe(before.sockets[0]);
    expect(after.sockets[1]).toEqual({ ...before.sockets[1], interfaceIndex: 7 });
    expect(after.sockets[2]).toBe(before.sockets[2]);
  });

  it.each([
    ['one more at the end', [first, second, third]],
    ['one more in front', [third, first, second]],
    ['one less', [first]],
    ['none', []],
    ['another in its place', [first, withWord(second, COOKIE_LOW, 0xfffffff0)]],
  ])('sees %s', (_what, messages) => {
    const memory = createTableMemory(TCP, 'ipv4');
    const before = memory.read(fakeKernel([[datagram(first, second), done]]));
    const after = memory.read(fakeKernel([[datagram(...messages), done]]));
    expect(after).not.toBe(before);
    expect(after).toEqual(createTableMemory(TCP, 'ipv4').read(fakeKernel([[datagram(...messages), done]])));
    expect(memory.read(fakeKernel([[datagram(...messages), done]])), 'and rests again').toBe(after);
  });

  it('does not mind another order', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    const reading = memory.read(fakeKernel([[datagram(first, second), done]]));
    expect(memory.read(fakeKernel([[datagram(second, first), done]]))).toBe(reading);
  });

  it('asks under the same number again only after a dump that came to its end', () => {
    const kernel = fakeKernel([[datagram(first), done], [datagram(first), done], [{ kind: 'lost', reason: 'no answer' }], [datagram(first), done], [datagram(first), done], [datagram(first), done]]);
    const memory = createTableMemory(TCP, 'ipv4');
    for (let reading = 0; reading < 5; reading += 1) memory.read(kernel);
    const numbers = kernel.requests.map((request) => new DataView(request.buffer).getUint32(8, LITTLE));
    expect(numbers[1]).toBe(numbers[0]);
    expect(numbers[2]).toBe(numbers[0]);
    expect(numbers[3], 'an answer to the third may still come').not.toBe(numbers[0]);
    expect(kernel.requests).toHaveLength(6);
  });

  it('asks once more for what is missing from a dump of several datagrams', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    memory.read(fakeKernel([[datagram(first, second), datagram(third, fourth), done]]));
    const kernel = fakeKernel([[datagram(first, second), datagram(fourth), done], [datagram(first, second), datagram(third, fourth), done]]);
    expect(memory.read(kernel).sockets).toHaveLength(4);
    expect(kernel.requests).toHaveLength(2);
  });

  it('believes two dumps that a socket is gone, and one that is a single datagram', () => {
    const several = [datagram(first, second), datagram(third), done];
    const memory = createTableMemory(TCP, 'ipv4');
    memory.read(fakeKernel([[datagram(first, second), datagram(third, fourth), done]]));
    expect(memory.read(fakeKernel([several, several])).sockets).toHaveLength(3);
    const kernel = fakeKernel([[datagram(first, second), done]]);
    expect(memory.read(kernel).sockets).toHaveLength(2);
    expect(kernel.requests).toHaveLength(1);
  });

  it('lets go of a socket that closed between the two dumps', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    memory.read(fakeKernel([[datagram(first, second), datagram(third, fourth), done]]));
    const last = [datagram(first), datagram(third), done];
    expect(memory.read(fakeKernel([[datagram(first, second), datagram(third), done], last])).sockets, 'second was there a moment ago').toHaveLength(3);
    expect(memory.read(fakeKernel([last, last])).sockets).toHaveLength(2);
  });

  it('sees a socket close that one dump had missed before', () => {
    const missing = [datagram(first, second), datagram(fourth), done];
    const memory = createTableMemory(TCP, 'ipv4');
    memory.read(fakeKernel([[datagram(first, second), datagram(third, fourth), done]]));
    expect(memory.read(fakeKernel([missing, [datagram(first, second), datagram(third, fourth), done]])).sockets).toHaveLength(4);
    expect(memory.read(fakeKernel([missing, missing])).sockets).toHaveLength(3);
  });

  it('never rests on a dump that was not whole', () => {
    const memory = createTableMemory(TCP, 'ipv4');
    const interrupted = [datagram(first, second), message(3, 0x10, int32(0))];
    const broken = fakeKernel([interrupted, interrupted, interrupted, interrupted]);
    const reading = memory.read(broken);
    expect(reading.gaps).toMatchObject([{ code: 'dump-interrupted' }]);
    const whole = memory.read(fakeKernel([[datagram(first, second), done]]));
    expect(whole).not.toBe(reading);
    expect(whole.gaps).toEqual([]);
  });

  it('says, after any history, what a fresh reading of the last dump says', () => {
    const change = fc.record({ place: fc.nat(recorded.length), word: fc.constantFrom(1, 2, INTERFACE, COOKIE_LOW, 16, 17), value: fc.nat(3) });
    const dump = fc.array(fc.tuple(fc.nat(recorded.length - 1), fc.option(change)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(dump, { minLength: 1, maxLength: 5 }), (dumps) => {
        const memory = createTableMemory(TCP, 'ipv4');
        for (const entries of dumps) {
          const messages = entries.map(([index, changed]) => {
            const original = recorded[index] ?? first;
            return changed === null ? original : withWord(original, changed.word, changed.value);
          });
          const read = (from: TableMemory) => from.read(fakeKernel([[datagram(...messages), done]]));
          const byCookie = ({ sockets, gaps }: TableReading) => ({ gaps, sockets: new Map(sockets.map((socket) => [socket.cookie, socket])) });
          expect(byCookie(read(memory))).toEqual(byCookie(read(createTableMemory(TCP, 'ipv4'))));
        }
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
