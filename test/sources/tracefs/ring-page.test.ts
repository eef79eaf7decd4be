import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePageHeader, type PageLayout } from '../../../src/sources/tracefs/event-format.ts';
import { readRingPage } from '../../../src/sources/tracefs/ring-page.ts';
import { pagesOf, recorded } from '../../fixtures/tracefs/recorded.ts';

const fuzz = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };
const layout = parsePageHeader(recorded.headerPage)!;
const [page] = pagesOf('everyKind') as [Uint8Array];

/** A page as the kernel lays it out on a little-endian machine: time, length, words. */
function pageOf(words: readonly number[], timestamp = 1000n): Uint8Array {
  const bytes = new Uint8Array(16 + words.length * 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, timestamp, true);
  view.setUint32(8, words.length * 4, true);
  words.forEach((word, index) => { view.setUint32(16 + index * 4, word, true); });
  return bytes;
}

/** The first word of a record: type, and time since the record before. */
const head = (type: number, delta = 0): number => delta * 32 + type;

function timesOf(words: readonly number[], timestamp?: bigint): readonly [string, number][] {
  return readRingPage(pageOf(words, timestamp), layout).records.map((record) => [String(record.timestamp), record.data.length]);
}

describe('a page that a real kernel gave', () => {
  it('gives every record, in order of time', () => {
    const { records, missed, whole } = readRingPage(page, layout);
    expect({ missed, whole }).toEqual({ missed: false, whole: true });
    expect(records).toHaveLength(16);
    const times = records.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((one, other) => Number(one - other)));
    // The recording program slept 0.3 s in between, which takes a record that extends the time.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(300_000_000n);
    expect(times.at(-1)! - times[0]!).toBeLessThan(400_000_000n);
  });

  it('says where events before it were overwritten', () => {
    const pages = pagesOf('flood').map((bytes) => readRingPage(bytes, layout));
    expect(pages.map(({ missed, whole, records }) => [missed, whole, records.length])).toEqual([[false, true, 38], [true, true, 53], [false, true, 53], [false, true, 50]]);
  });

  it('torn anywhere, gives nothing and says so: the length that the kernel wrote is not there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: page.length - 9 }), (length) => {
        const torn = readRingPage(page.subarray(0, length), layout);
        expect(torn.whole).toBe(false);
        expect(torn.records).toEqual([]);
      }),
      fuzz,
    );
  });

  it('with its length cut, gives the records up to there', () => {
    const cut = page.slice();
    new DataView(cut.buffer).setUint32(8, 76 * 2 + 10, true);
    expect(readRingPage(cut, layout)).toMatchObject({ whole: false, records: [{}, {}] });
  });
});

describe('the records of a page', () => {
  it('add up their times, across those that only extend it', () => {
    expect(timesOf([head(1, 5), 0, head(30, 3), 2, head(1, 1), 0])).toEqual([['1005', 4], [String(1005n + (2n << 27n) + 3n + 1n), 4]]);
  });

  it('take an absolute time with the high bits of the time before', () => {
    const base = 0x0800_0000_0000_0000n;
    expect(timesOf([head(31, 7), 1, head(1, 0), 0], base)).toEqual([[String(base + (1n << 27n) + 7n), 4]]);
  });

  it('may be longer than the type can say', () => {
    expect(timesOf([head(0, 1), 4 + 6, 0, 0, head(1, 1), 0])).toEqual([['1001', 6], ['1002', 4]]);
  });

  it('may have been discarded, and end with padding', () => {
    expect(timesOf([head(29, 4), 8, 0, head(1, 1), 0, head(29, 0), 0xffff_ffff])).toEqual([['1005', 4]]);
  });

  it.each([
    ['a length of none', [head(0, 1), 0]],
    ['a length beyond the page', [head(0, 1), 0xffff_ffff]],
    ['data beyond the page', [head(28), 0]],
    ['an extension without its word', [head(30, 1)]],
  ])('break off at %s', (_what, words) => {
    expect(readRingPage(pageOf(words), layout)).toEqual({ records: [], missed: false, whole: false });
  });

  it('never reach beyond the page, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, plausible) => {
        const hostile = bytes.slice();
        if (plausible && hostile.length > 16) new DataView(hostile.buffer).setUint32(8, hostile.length - 16, true);
        const { records } = readRingPage(hostile, layout);
        expect(records.length).toBeLessThanOrEqual(hostile.length / 4);
        for (const { data } of records) expect(data.byteOffset + data.length).toBeLessThanOrEqual(hostile.length);
      }),
      fuzz,
    );
  });
});

describe('the header of a page', () => {
  it('has the places that the kernel names', () => {
    expect(layout).toEqual({ timestamp: { offset: 0, size: 8 }, commit: { offset: 8, size: 8 }, data: 16 } satisfies PageLayout);
  });

  it.each([
    ['is empty', ''],
    ['lacks the commit', recorded.headerPage.replace('commit', 'committed')],
    ['has a commit of three bytes', recorded.headerPage.replace('size:8;\tsigned:1', 'size:3;\tsigned:1')],
    ['has data inside itself', recorded.headerPage.replace('offset:16', 'offset:8')],
  ])('is refused where it %s', (_what, text) => {
    expect(parsePageHeader(text)).toBeNull();
  });
});
