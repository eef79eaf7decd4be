import { fstatSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { openBpf } from '../../src/native/bpf.ts';

interface Call {
  readonly command: number;
  readonly attribute: DataView;
}

/** A kernel that gives a descriptor for everything until the command that it refuses. */
function kernel(refused: number | null = null, errnos: readonly number[] = [constants.errno.EPERM]) {
  const calls: Call[] = [];
  const addresses = new Map<bigint, Uint8Array>();
  const given: number[] = [];
  let refusals = 0;
  const libc = {
    bpf(command: number, attribute: Uint8Array) {
      calls.push({ command, attribute: new DataView(attribute.slice().buffer) });
      if (command === refused && (refusals < errnos.length || errnos.length === 1)) {
        refusals += 1;
        return -1;
      }
      const descriptor = openSync('/dev/null', 'r');
      given.push(descriptor);
      return descriptor;
    },
    address(buffer: Uint8Array) {
      const address = 0x1000n * BigInt(addresses.size + 1);
      addresses.set(address, buffer);
      return address;
    },
    errno: () => errnos[Math.min(refusals, errnos.length) - 1] ?? 0,
  };
  return { libc, calls, given, at: (call: Call | undefined, place: number) => addresses.get(call?.attribute.getBigUint64(place, true) ?? 0n), isOpen: (descriptor: number) => { try { fstatSync(descriptor); return true; } catch { return false; } } };
}

const PROGRAM = { instructions: new Uint8Array(24), relocations: new Uint8Array(32), types: new Uint8Array(50), functionType: 9, attachTo: 64_250 };
const word = (call: Call | undefined, place: number) => call?.attribute.getUint32(place, true);

describe('bpf(2)', () => {
  it('is asked for an iterator with types, program, link and reader, each from the one before', () => {
    const { libc, calls, given, at } = kernel();
    const reader = openBpf(libc).openIterator(PROGRAM);
    expect(calls.map(({ command }) => command)).toEqual([18, 5, 28, 33]);
    const [types, load, link, iterator] = calls;
    expect([at(types, 0), word(types, 16)]).toEqual([PROGRAM.types, 50]);
    expect([word(load, 0), word(load, 4), word(load, 68), word(load, 72), word(load, 108), word(load, 116), word(load, 136)]).toEqual([26, 3, 28, given[0], 64_250, 2, 16]);
    expect([at(load, 8), at(load, 128)]).toEqual([PROGRAM.instructions, PROGRAM.relocations]);
    expect(new TextDecoder().decode(at(load, 16))).toBe('Dual MIT/GPL\0');
    expect([word(load, 76), word(load, 88), at(load, 80)]).toEqual([8, 1, new Uint8Array([0, 0, 0, 0, 9, 0, 0, 0])]);
    expect(new TextDecoder('latin1').decode(new Uint8Array(load!.attribute.buffer, 48, 16))).toBe('portreeve'.padEnd(16, '\0'));
    expect([word(link, 0), word(link, 8), word(iterator, 0)]).toEqual([given[1], 28, given[2]]);
    expect(reader).toBe(given[3]);
  });

  it('fills a table with all keys at once', () => {
    const { libc, calls, given, at } = kernel();
    const keys = BigUint64Array.of(1n, 2n, 2n ** 40n);
    expect(openBpf(libc).createSet(keys)).toBe(given[0]);
    const [create, fill] = calls;
    expect([create?.command, ...[0, 4, 8, 12].map((place) => word(create, place))]).toEqual([0, 1, 8, 1, 3]);
    expect([fill?.command, at(fill, 16), word(fill, 32), word(fill, 36)]).toEqual([26, keys, 3, given[0]]);
    expect(at(fill, 24)?.byteLength).toBe(3);
  });

  it('runs a program with a context', () => {
    const { libc, calls, given, at } = kernel();
    const context = new Uint8Array(8);
    openBpf(libc).run(new Uint8Array(16), context);
    expect(calls.map(({ command }) => command)).toEqual([5, 10]);
    expect([word(calls[0], 0), word(calls[0], 44)]).toEqual([31, 16]);
    expect([word(calls[1], 0), word(calls[1], 40), at(calls[1], 48)]).toEqual([given[0], 8, context]);
  });

  it('is asked again where a signal came in between, but not without end', () => {
    const { libc, calls } = kernel(5, [constants.errno.EAGAIN, constants.errno.EINTR, constants.errno.EAGAIN]);
    openBpf(libc).openIterator(PROGRAM);
    expect(calls.map(({ command }) => command)).toEqual([18, 5, 5, 5, 5, 28, 33]);
    const stubborn = kernel(5, [constants.errno.EAGAIN]);
    expect(() => openBpf(stubborn.libc).openIterator(PROGRAM)).toThrow(/refuses an iterator/);
    expect(stubborn.calls).toHaveLength(11);
  });

  it.each([[18, 'types'], [5, 'an iterator'], [28, 'to attach'], [33, 'to open']])('says what was refused (command %d), and keeps nothing open', (command, what) => {
    const { libc, given, isOpen } = kernel(command);
    const bpf = openBpf(libc);
    expect(() => bpf.openIterator(PROGRAM)).toThrow(expect.objectContaining({ code: 'source-unsupported', message: expect.stringMatching(`refuses ${what}.*EPERM`) as string }) as Error);
    bpf.close();
    expect(given.filter(isOpen)).toEqual([]);
  });
});
