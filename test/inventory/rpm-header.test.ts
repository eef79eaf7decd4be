import { describe, expect, it } from 'vitest';
import { parseRpmHeader } from '../../src/inventory/rpm-header.ts';

type Entry = readonly [tag: number, type: number, count: number, bytes: Buffer];

const texts = (...values: string[]): Buffer => Buffer.from(values.map((value) => `${value}\0`).join(''));
const numbers = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([0, 0, value >> 8, value & 0xff])));

const NAME: Entry = [1000, 6, 1, texts('tools')];
const FILES: readonly Entry[] = [
  [1116, 4, 3, numbers(0, 1, 1)],
  [1117, 8, 3, texts('one', 'two', 'größe')],
  [1118, 8, 2, texts('/usr/bin/', '/opt/')],
];

function header(...entries: readonly Entry[]): Buffer {
  let offset = 0;
  const index = entries.map(([tag, type, count, bytes]) => {
    const entry = Buffer.alloc(16);
    [tag, type, offset, count].forEach((value, place) => entry.writeUInt32BE(value, 4 * place));
    offset += bytes.length;
    return entry;
  });
  const intro = Buffer.alloc(8);
  intro.writeUInt32BE(entries.length, 0);
  intro.writeUInt32BE(offset, 4);
  return Buffer.concat([intro, ...index, ...entries.map(([, , , bytes]) => bytes)]);
}

function filesOf(blob: Buffer, ...names: string[]): readonly string[] {
  return [...parseRpmHeader(blob).filesNamed(new Set(names))];
}

describe("a package's header", () => {
  it('tells the name, how many files, and the paths with a last name', () => {
    const blob = header(NAME, ...FILES);
    expect(parseRpmHeader(blob)).toMatchObject({ name: 'tools', fileCount: 3 });
    expect(filesOf(blob, 'one', 'größe', 'three')).toEqual(['/usr/bin/one', '/opt/größe']);
  });

  it('tells no file that was not installed, or that another package replaced', () => {
    expect(filesOf(header(NAME, ...FILES, [1029, 1, 3, Buffer.from([1, 3, 2])]), 'one', 'two', 'größe')).toEqual(['/opt/two']);
  });

  it('counts the later of two entries', () => {
    expect(parseRpmHeader(header(NAME, [1000, 6, 1, texts('later')])).name).toBe('later');
  });

  it('of a package without files has none', () => {
    expect(parseRpmHeader(header(NAME)).fileCount).toBe(0);
  });

  it.each<[string, Buffer]>([
    ['is not as long as it says', header(NAME).subarray(0, -1)],
    ['has no name', header(...FILES)],
    ['has a name too long', header([1000, 6, 1, texts('x'.repeat(256))])],
    ['has a name of another type', header([1000, 4, 1, numbers(1)])],
    ['claims more texts than it has', header(NAME, [1117, 8, 0xffff_ffff, texts('one')])],
    ['has files without folders', header(NAME, ...FILES.slice(1))],
    ['names a folder that is not there', header(NAME, [1116, 4, 1, numbers(2)], [1117, 8, 1, texts('one')], [1118, 8, 2, texts('/a/', '/b/')])],
    ['has a folder that is none', header(NAME, [1116, 4, 1, numbers(0)], [1117, 8, 1, texts('one')], [1118, 8, 1, texts('bin')])],
    ['has fewer states than files', header(NAME, ...FILES, [1029, 1, 2, Buffer.from([0, 0])])],
    ['lists whole paths, as rpm 3 did', header(NAME, [1027, 8, 1, texts('/bin/one')])],
    ['is empty', Buffer.alloc(0)],
  ])('is refused where it %s', (_, blob) => {
    expect(() => filesOf(blob, 'one')).toThrow(RangeError);
  });
});
