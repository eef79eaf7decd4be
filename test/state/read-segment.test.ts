import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MOST_LINE } from '../../src/state/event-line.ts';
import { readLines } from '../../src/state/read-segment.ts';
import { useFolder } from '../fixtures/use-folder.ts';

const folder = useFolder();

interface Read {
  readonly lines: readonly (readonly [line: string | null, offset: number])[];
  readonly end: number;
}

async function read(bytes: Buffer, from = 0, to = bytes.length, most = Infinity): Promise<Read> {
  const path = join(folder.path, 'lines');
  writeFileSync(path, bytes);
  const lines: [string | null, number][] = [];
  const end = await readLines(path, from, to, (line, offset) => lines.push([line, offset]) < most);
  return { lines, end };
}

/** The same in the plainest way. */
function expected(bytes: Buffer): Read {
  const lines: [string | null, number][] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    lines.push([end - start >= MOST_LINE ? null : bytes.toString('utf8', start, end), start]);
    start = end + 1;
  }
  return { lines, end: start };
}

const CHUNK = 131_072;

it.each([
  ['nothing', []],
  ['an empty line', ['']],
  ['lines of every length around that of a chunk', Array.from({ length: 9 }, (_, index) => 'x'.repeat(CHUNK - 4 + index))],
  ['lines that begin and end anywhere in a chunk', Array.from({ length: 400 }, (_, index) => `${index}`.padEnd((index * 7919) % 4000, '.'))],
  ['a line of several chunks between short ones', ['a', 'b'.repeat(5 * CHUNK + 17), 'c']],
  ['the longest line and one that is longer', ['a', 'y'.repeat(MOST_LINE - 1), 'b', 'z'.repeat(MOST_LINE), 'c', 'z'.repeat(3 * MOST_LINE + 5), 'd']],
  ['text that was edited by hand, its characters cut by the chunks', ['plain', '€'.repeat(CHUNK), 'ü'.repeat(CHUNK + 1), 'plain']],
])('gives each whole line and where it begins: %s', async (_, lines) => {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  expect(await read(bytes)).toEqual(expected(bytes));
  const torn = Buffer.concat([bytes, Buffer.from('half a line')]);
  expect(await read(torn)).toEqual(expected(bytes));
});

it('begins and ends where it is told to', async () => {
  const bytes = Buffer.from('one\ntwo\nthree\nfour\n');
  expect(await read(bytes, 4, 13)).toEqual({ lines: [['two', 4]], end: 8 });
  expect(await read(bytes, 4, 14)).toEqual({ lines: [['two', 4], ['three', 8]], end: 14 });
  expect(await read(bytes, 4, 1000, 1)).toEqual({ lines: [['two', 4]], end: 8 });
  expect(await read(bytes, 14, 14)).toEqual({ lines: [], end: 14 });
});
