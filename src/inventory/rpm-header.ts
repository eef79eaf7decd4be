/** What an installed package's header says of its files. */
export interface RpmHeader {
  readonly name: string;
  readonly fileCount: number;
  /** Gives the paths of the installed files with these last names. */
  filesNamed(names: ReadonlySet<string>): Generator<string>;
}

const TAG = { name: 1000, oldFileNames: 1027, fileStates: 1029, dirIndexes: 1116, baseNames: 1117, dirNames: 1118 };
const TYPE = { char: 1, int32: 4, string: 6, stringArray: 8 };
const ENTRY_SIZE = 16;
const LONGEST_NAME = 255;
/** rpmfileState of rpmfiles.h: normal and netshared. Others are replaced by another package's, left out, or of a wrong "color". */
const INSTALLED = new Set([0, 3]);

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/**
 * Reads a header as rpm's database keeps it: two big-endian counts, of entries and of bytes; the entries (tag, type,
 * offset, count); the bytes they point into (rpm's manual, "RPM v4 Package Format", Header Structure).
 * @throws RangeError where it does not fit
 */
export function parseRpmHeader(blob: Buffer): RpmHeader {
  const entryCount = blob.readUInt32BE(0);
  const dataStart = 8 + ENTRY_SIZE * entryCount;
  if (dataStart + blob.readUInt32BE(4) !== blob.length) throw new RangeError("a package's header is not as long as it says");
  const data = blob.subarray(dataStart);
  const entries = new Map<number, Entry>();
  for (let at = 8; at < dataStart; at += ENTRY_SIZE) {
    // An entry behind the signed region replaces the one within it, so the last counts.
    entries.set(blob.readUInt32BE(at), { type: blob.readUInt32BE(at + 4), offset: blob.readUInt32BE(at + 8), count: blob.readUInt32BE(at + 12) });
  }

  const find = (tag: number, type: number): Entry => {
    const entry = entries.get(tag) ?? { type, offset: 0, count: 0 };
    if (entry.type !== type || entry.offset > data.length) throw new RangeError(`a package's header has an unsound entry ${tag}`);
    return entry;
  };
  const [name = ''] = splitTexts(data, find(TAG.name, TYPE.string));
  if (name === '' || name.length > LONGEST_NAME) throw new RangeError('a package has no name, or one too long');
  const baseNames = find(TAG.baseNames, TYPE.stringArray);
  const indexes = find(TAG.dirIndexes, TYPE.int32);
  const states = find(TAG.fileStates, TYPE.char);
  // Packages of before rpm 4 list whole paths instead.
  if (entries.has(TAG.oldFileNames) && baseNames.count === 0) throw new RangeError('a package lists its files in the way of rpm 3');
  if (indexes.count !== baseNames.count || indexes.offset + 4 * indexes.count > data.length) throw new RangeError("a package's files are not as many as their folders");
  if (states.count !== 0 && (states.count !== baseNames.count || states.offset + states.count > data.length)) throw new RangeError("a package's files are not as many as their states");
  const folders = splitTexts(data, find(TAG.dirNames, TYPE.stringArray));
  if (!folders.every((folder) => folder.startsWith('/') && folder.endsWith('/'))) throw new RangeError('a package has an unsound folder');
  const listed = splitTexts(data, baseNames);

  return {
    name: fromBytes(name),
    fileCount: listed.length,
    *filesNamed(names) {
      const sought = new Set([...names].map(toBytes));
      for (const [index, baseName] of listed.entries()) {
        const folder = folders[data.readUInt32BE(indexes.offset + 4 * index)];
        if (folder === undefined) throw new RangeError("a package's file has no folder");
        const isInstalled = states.count === 0 || INSTALLED.has(data.readUInt8(states.offset + index));
        if (isInstalled && sought.has(baseName)) yield fromBytes(folder + baseName);
      }
    },
  };
}

/** Texts one after another, each ended by a NUL; a character a byte, which is several times as fast as UTF-8. */
function splitTexts(data: Buffer, { offset, count }: Entry): readonly string[] {
  const parts = data.toString('latin1', offset).split('\0', count + 1);
  if (parts.length !== count + 1) throw new RangeError("a package's header ends within a text");
  return parts.slice(0, count);
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
