import type { JournalField } from './describe-entry.ts';

/**
 * A journal entry as systemd's page "Native Journal Protocol" has it: `NAME=value` and a line feed, or, where the value has
 * line feeds itself, `NAME`, a line feed, the length in 64 bits, least significant byte first, the value, a line feed.
 */
export function encodeEntry(fields: readonly JournalField[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    if (!value.includes('\n')) {
      parts.push(Buffer.from(`${name}=${value}\n`));
      continue;
    }
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    parts.push(Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}
