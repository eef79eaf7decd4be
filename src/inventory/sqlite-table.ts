import { closeSync, constants, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';

/** A column's value; numbers that are not needed here (floating point) are null as well. */
export type SqliteValue = Buffer | string | number | null;

const MAGIC = 'SQLite format 3\0';
const UTF8 = 1;
const INTERIOR_TABLE = 0x05;
const LEAF_TABLE = 0x0d;
/** SQLite's own limit of a tree's depth (BTCURSOR_MAX_DEPTH of btreeInt.h). */
const MOST_LEVELS = 20;
const MOST_PAYLOAD = 32 * 1024 * 1024;
/** Far beyond any table here, and within SQLite's own default. */
const MOST_COLUMNS = 2000;
/** Overflow pages mostly follow one another, so a read of two that do takes in more. */
const CHUNK = 64 * 1024;
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

/**
 * Gives the rows of a table, in the order of their row ids, straight from the file (sqlite.org/fileformat2.html). Nothing
 * is locked; instead a write-ahead log or journal that holds anything, before or after, and a file that was written to
 * meanwhile, are errors. So is whatever does not fit. Every page is visited at most once.
 *
 * Only what is known after the last row has been taken is true: that nothing was changed meanwhile.
 * @throws RangeError where the file does not fit; the system's errors where it cannot be read
 */
export function* readSqliteTable(path: string, table: string): Generator<readonly SqliteValue[]> {
  // A FIFO in its place must not hold us up.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = fstatSync(file, { bigint: true });
    if (!before.isFile()) throw new RangeError('it is no regular file');
    refuseUnmerged(path);
    const pages = openPages(file, Number(before.size));
    let root: number | null = null;
    for (const [type, name, , page] of readRows(pages, 1)) {
      if (type === 'table' && name === table && typeof page === 'number') root = page;
    }
    if (root === null) throw new RangeError(`it has no table ${table}`);
    yield* readRows(pages, root);
    refuseUnmerged(path);
    refuseChanged(before, fstatSync(file, { bigint: true }));
    refuseChanged(before, statSync(path, { bigint: true }));
  } finally {
    closeSync(file);
  }
}

interface Pages {
  /** Bytes of a page that hold content. */
  readonly usable: number;
  readonly size: number;
  /** Gives a page, numbered from 1. It holds until the next is taken. */
  take(number: number): Buffer;
}

function refuseUnmerged(path: string): void {
  for (const end of ['-wal', '-journal']) {
    if ((statSync(path + end, { throwIfNoEntry: false })?.size ?? 0) > 0) throw new RangeError(`changes that are not in it yet lie in its ${end} file`);
  }
}

function refuseChanged(before: BigIntStats, after: BigIntStats): void {
  const isSame = before.dev === after.dev && before.ino === after.ino && before.size === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
  if (!isSame) throw new RangeError('it was changed while it was read');
}

function openPages(file: number, fileSize: number): Pages {
  const header = Buffer.alloc(100);
  readFully(file, header, 0);
  const stated = header.readUInt16BE(16);
  const size = stated === 1 ? 65_536 : stated;
  const usable = size - header.readUInt8(20);
  const isSound = header.toString('latin1', 0, 16) === MAGIC && size >= 512 && (size & (size - 1)) === 0 && usable >= 480 && header.readUInt32BE(56) === UTF8;
  if (!isSound) throw new RangeError('its header is not one of SQLite');
  const count = fileSize / size;
  if (!Number.isInteger(count) || count !== header.readUInt32BE(28)) throw new RangeError('its size is not the one that its header states');
  const chunk = Buffer.alloc(Math.max(CHUNK, size));
  let start = 0;
  let end = 0;
  let previous = 0;
  const taken = new Set<number>();
  return {
    usable,
    size,
    take(number) {
      if (number < 1 || number > count || taken.has(number)) throw new RangeError(`page ${number} is not there, or is used twice`);
      taken.add(number);
      const position = (number - 1) * size;
      if (position < start || position + size > end) {
        start = position;
        end = number === previous + 1 ? Math.min(position + chunk.length, fileSize) : position + size;
        readFully(file, chunk.subarray(0, end - start), start);
      }
      previous = number;
      return chunk.subarray(position - start, position - start + size);
    },
  };
}

function readFully(file: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length; ) {
    const read = readSync(file, into, done, into.length - done, position + done);
    if (read === 0) throw new RangeError('it ends early');
    done += read;
  }
}

/** The rows of the tree whose root is this page. */
function* readRows(pages: Pages, root: number, level = 1): Generator<readonly SqliteValue[]> {
  if (level > MOST_LEVELS) throw new RangeError('its tree is too deep');
  const page = Buffer.from(pages.take(root));
  // The first page has the file's header before its own.
  const at = root === 1 ? 100 : 0;
  const type = page.readUInt8(at);
  if (type !== INTERIOR_TABLE && type !== LEAF_TABLE) throw new RangeError(`page ${root} is none of a table`);
  const isLeaf = type === LEAF_TABLE;
  const pointers = at + (isLeaf ? 8 : 12);
  const cells = page.readUInt16BE(at + 3);
  let room = pages.usable - pointers - 2 * cells;
  let lastId = -1;
  for (let index = 0; index < cells; index++) {
    const cell = page.readUInt16BE(pointers + 2 * index);
    if (isLeaf) {
      const { id, payload, length } = readLeafCell(pages, page, cell);
      if (id <= lastId) throw new RangeError(`the rows of page ${root} are out of order`);
      lastId = id;
      room -= length;
      // Cells that overlap would let one page cost as much as thousands.
      if (room < 0) throw new RangeError(`the cells of page ${root} overlap`);
      yield decodeRecord(payload);
    } else {
      const [, end] = readVarint(page, cell + 4);
      room -= end - cell;
      yield* readRows(pages, page.readUInt32BE(cell), level + 1);
    }
  }
  if (room !== freeBytes(page, at, pointers + 2 * cells)) throw new RangeError(`page ${root} has bytes that are neither in use nor free`);
  if (!isLeaf) yield* readRows(pages, page.readUInt32BE(at + 8), level + 1);
}

/**
 * What the page says is free: the gap before its content, blocks within that, and fragments. It tells whether cells were
 * lost, as SQLite's own integrity_check does.
 */
function freeBytes(page: Buffer, at: number, gapStart: number): number {
  let free = (page.readUInt16BE(at + 5) || 65_536) - gapStart + page.readUInt8(at + 7);
  let last = 0;
  for (let block = page.readUInt16BE(at + 1); block !== 0; block = page.readUInt16BE(block)) {
    if (block <= last) throw new RangeError('the free blocks of a page are out of order');
    last = block;
    free += page.readUInt16BE(block + 2);
  }
  return free;
}

/** @returns the row's id, its whole payload, and how many bytes it takes in its page */
function readLeafCell(pages: Pages, page: Buffer, cell: number): { readonly id: number; readonly payload: Buffer; readonly length: number } {
  const [size, afterSize] = readVarint(page, cell);
  const [id, start] = readVarint(page, afterSize);
  if (size > MOST_PAYLOAD) throw new RangeError('a row is too large');
  const local = localSize(size, pages.usable);
  const end = start + local;
  if (end + (local < size ? 4 : 0) > pages.usable) throw new RangeError('a row leaves its page');
  if (local === size) return { id, payload: page.subarray(start, end), length: end - cell };
  const parts = [page.subarray(start, end)];
  let next = page.readUInt32BE(end);
  for (let missing = size - local; missing > 0; ) {
    const overflow = pages.take(next);
    const part = Buffer.from(overflow.subarray(4, 4 + Math.min(missing, pages.usable - 4)));
    parts.push(part);
    missing -= part.length;
    next = overflow.readUInt32BE(0);
  }
  if (next !== 0) throw new RangeError('a row goes on after its end');
  return { id, payload: Buffer.concat(parts), length: end + 4 - cell };
}

/** Section 1.6 of the file format, "B-tree Pages": X, M and K. */
function localSize(size: number, usable: number): number {
  const most = usable - 35;
  if (size <= most) return size;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const preferred = least + ((size - least) % (usable - 4));
  return preferred <= most ? preferred : least;
}

function decodeRecord(payload: Buffer): readonly SqliteValue[] {
  const [headerSize, first] = readVarint(payload, 0);
  if (headerSize > payload.length) throw new RangeError("a row's header is longer than the row");
  const values: SqliteValue[] = [];
  let body = headerSize;
  let at = first;
  while (at < headerSize) {
    if (values.length === MOST_COLUMNS) throw new RangeError('a row has too many columns');
    const [type, next] = readVarint(payload, at);
    const size = sizeOf(type);
    if (body + size > payload.length) throw new RangeError('a column leaves its row');
    values.push(decodeValue(type, payload.subarray(body, body + size)));
    at = next;
    body += size;
  }
  if (at !== headerSize || body !== payload.length) throw new RangeError('a row is not as long as its columns');
  return values;
}

function sizeOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  if (type === 10 || type === 11) throw new RangeError('a column is of a kind that no file has');
  return type === 7 ? 8 : (INTEGER_BYTES[type] ?? 0);
}

function decodeValue(type: number, bytes: Buffer): SqliteValue {
  if (type >= 12) return type % 2 === 0 ? bytes : bytes.toString('utf8');
  if (type === 0 || type === 7) return null;
  if (type >= 8) return type - 8;
  return bytes.length === 8 ? Number(bytes.readBigInt64BE()) : bytes.readIntBE(0, bytes.length);
}

/** @returns the number, and where it ends */
function readVarint(bytes: Buffer, start: number): readonly [value: number, end: number] {
  let value = 0;
  for (let index = start; index < start + 8; index++) {
    const byte = bytes.readUInt8(index);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80 && Number.isSafeInteger(value)) return [value, index + 1];
  }
  throw new RangeError('a number is larger than any that belongs here');
}
