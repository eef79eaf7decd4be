const LINE_FEED = 0x0a;

/** A line was longer than was allowed; nothing after it was read. */
export class LineTooLong extends Error {}

/**
 * Lines of a byte stream, without their line feeds, as they come: the next chunk is asked for when all lines of the one
 * before are taken. The last need not end in a line feed. Holds at most `limit` bytes and a chunk.
 * @throws LineTooLong
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string, void, undefined> {
  let pieces: Buffer[] = [];
  let held = 0;
  const join = (last: Buffer): string => {
    const whole = Buffer.concat([...pieces, last]).toString('utf8');
    pieces = [];
    held = 0;
    return whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      if (held + end - start > limit) throw new LineTooLong();
      yield join(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    held += chunk.length - start;
    if (held > limit) throw new LineTooLong();
    pieces.push(chunk.subarray(start));
  }
  if (held > 0) yield join(Buffer.alloc(0));
}
