import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePageHeader, parseStateChangeFormat } from '../../../src/sources/tracefs/event-format.ts';
import { parseBufferStats } from '../../../src/sources/tracefs/buffer-stats.ts';
import { readRingPage } from '../../../src/sources/tracefs/ring-page.ts';
import { decodeStateChange } from '../../../src/sources/tracefs/state-change.ts';
import { pagesOf, recorded } from '../../fixtures/tracefs/recorded.ts';

const fuzz = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };
const page = parsePageHeader(recorded.headerPage)!;
const layout = parseStateChangeFormat(recorded.format)!;

function decodeAll(name: 'everyKind' | 'flood') {
  return pagesOf(name)
    .flatMap((bytes) => [...readRingPage(bytes, page).records])
    .map(({ data, timestamp }) => decodeStateChange(data, timestamp, layout))
    .filter((change) => change !== null && change !== 'unknown');
}

describe('what a real kernel told', () => {
  const changes = decodeAll('everyKind');

  it('is every opening and closing with protocol, address and port', () => {
    expect(changes.map(({ kind, protocol, family, address, port }) => [kind, protocol, family, address, port])).toEqual([
      // The kernel picks a port only after it told.
      ['listen', 'tcp', 'ipv4', '0.0.0.0', null],
      ['close', 'tcp', 'ipv4', '0.0.0.0', expect.any(Number)],
      ['listen', 'tcp', 'ipv6', '::', 1302],
      ['close', 'tcp', 'ipv6', '::', 1302],
      ['listen', 'tcp', 'ipv6', '::ffff:127.0.0.1', 10276],
      ['close', 'tcp', 'ipv6', '::ffff:127.0.0.1', 10276],
      ['listen', 'tcp', 'ipv4', '127.0.0.1', 1276],
      ['listen', 'tcp', 'ipv4', '127.0.0.1', 1276],
      ['close', 'tcp', 'ipv4', '127.0.0.1', 1276],
      ['listen', 'mptcp', 'ipv4', '127.0.0.1', 40005],
      ['listen', 'tcp', 'ipv4', '127.0.0.1', 40005],
      ['close', 'tcp', 'ipv4', '127.0.0.1', 40005],
      ['close', 'mptcp', 'ipv4', '127.0.0.1', 40005],
      ['close', 'tcp', 'ipv4', '127.0.0.1', 1276],
    ]);
  });

  it('names the thread, and ties the events of one socket together', () => {
    expect(new Set(changes.map(({ thread }) => thread))).toEqual(new Set([recorded.pid]));
    const [steady, refused, refusedClose] = changes.slice(6, 9);
    expect(refusedClose?.socket).toBe(refused?.socket);
    expect(changes.at(-1)?.socket).toBe(steady?.socket);
    expect(steady?.socket).not.toBe(refused?.socket);
  });

  it('is whole but for what the kernel says it lost', () => {
    const flood = decodeAll('flood');
    const lost = parseBufferStats(recorded.stats.read)!.lost;
    expect(flood.length + lost).toBe(2 * 150);
    expect(flood.at(-1)).toMatchObject({ kind: 'close', address: '127.0.0.1', port: 20_149 });
  });
});

describe('a record', () => {
  const [listen] = pagesOf('everyKind').flatMap((bytes) => readRingPage(bytes, page).records.slice(2, 3));
  const altered = (offset: number, ...values: readonly number[]): Uint8Array => {
    const data = listen!.data.slice();
    data.set(values, offset);
    return data;
  };

  it('of another event is none of ours, also where it is short', () => {
    expect(decodeStateChange(altered(0, 5, 0), 0n, layout)).toBeNull();
    expect(decodeStateChange(new Uint8Array([1]), 0n, layout)).toBeNull();
    expect(decodeStateChange(new Uint8Array(0), 0n, layout)).toBeNull();
  });

  it('of a change between other states is passed over', () => {
    expect(decodeStateChange(altered(layout.newState.offset, 1), 0n, layout)).toBeNull();
    expect(decodeStateChange(altered(layout.oldState.offset, 10), 0n, layout)).toBeNull();
  });

  it('that is cut off, or of a protocol or family never heard of, is not guessed at', () => {
    expect(decodeStateChange(listen!.data.subarray(0, layout.length - 1), 0n, layout)).toBe('unknown');
    expect(decodeStateChange(altered(layout.protocol.offset, 99), 0n, layout)).toBe('unknown');
    expect(decodeStateChange(altered(layout.family.offset, 43), 0n, layout)).toBe('unknown');
  });

  it('of any bytes is decoded or refused, never half', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90 }), fc.boolean(), (bytes, ours) => {
        const data = bytes.slice();
        if (ours && data.length > 1) new DataView(data.buffer).setUint16(0, layout.id, true);
        const change = decodeStateChange(data, 0n, layout);
        if (change === null || change === 'unknown') return;
        expect(change.port === null || (change.port > 0 && change.port < 65_536)).toBe(true);
        expect(['listen', 'close']).toContain(change.kind);
      }),
      fuzz,
    );
  });
});

describe('the form of the event', () => {
  it('is read from the kernel: here as before Linux 5.8, with one byte for the protocol', () => {
    const old = parseStateChangeFormat(recorded.format.replace(/__u16 protocol;\toffset:30;\tsize:2/, '__u8 protocol;\toffset:30;\tsize:1'));
    expect(old?.protocol).toEqual({ offset: 30, size: 1 });
    expect(old?.length).toBe(layout.length);
  });

  it.each([
    ['no number', recorded.format.replace('ID: 2287', 'ID: none')],
    ['no source port', recorded.format.replace('sport', 'port')],
    ['a port of four bytes', recorded.format.replace(/sport;\toffset:24;\tsize:2/, 'sport;\toffset:24;\tsize:4')],
    ['a field far away', recorded.format.replace('offset:40', 'offset:40000')],
    ['nothing', ''],
  ])('is refused where it has %s', (_what, text) => {
    expect(parseStateChangeFormat(text)).toBeNull();
  });
});

describe('the statistics of a buffer', () => {
  it('count everything that was lost, in whatever way', () => {
    expect(parseBufferStats(recorded.stats.full)).toEqual({ lost: 106, read: 16 });
    expect(parseBufferStats('overrun: 1\ncommit overrun: 20\ndropped events: 300\nread events: 4\n')).toEqual({ lost: 321, read: 4 });
    expect(parseBufferStats('overrun: 1\n')).toBeNull();
  });
});
