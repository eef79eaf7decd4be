/** Where a value lies in a record. */
export interface Field {
  readonly offset: number;
  readonly size: number;
}

/** Layout of `sock/inet_sock_set_state` on this kernel; `protocol` grew from one byte to two in Linux 5.8. */
export interface StateChangeLayout {
  readonly id: number;
  /** Bytes that a record has at least. */
  readonly length: number;
  readonly type: Field;
  readonly thread: Field;
  readonly socket: Field;
  readonly oldState: Field;
  readonly newState: Field;
  readonly port: Field;
  readonly family: Field;
  readonly protocol: Field;
  readonly ipv4: Field;
  readonly ipv6: Field;
}

/** Layout of what a read of `trace_pipe_raw` gives: a header and then records. */
export interface PageLayout {
  readonly timestamp: Field;
  readonly commit: Field;
  /** Where the records begin. */
  readonly data: number;
}

/** A record is no larger than the smallest page, less its header. */
const RECORD_LIMIT = 4080;
const FIELD = /^\s*field:(?<declaration>[^;]{1,200});\s*offset:(?<offset>\d{1,5});\s*size:(?<size>\d{1,5});/;

/** Reads the `field:` lines of a `format` file (Documentation/trace/events.rst, "Event formats"), by the name of the field. */
function parseFields(text: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const line of text.split('\n')) {
    const { declaration, offset, size } = FIELD.exec(line)?.groups ?? {};
    const name = /(\w+)(?:\[\d*\])?$/.exec(declaration ?? '')?.[1];
    if (name === undefined || Number(offset) + Number(size) > RECORD_LIMIT + 16) continue;
    fields.set(name, { offset: Number(offset), size: Number(size) });
  }
  return fields;
}

/** @returns null where a field is missing or not of a size that it can have */
export function parseStateChangeFormat(text: string): StateChangeLayout | null {
  const id = Number(/^ID: (\d{1,5})$/m.exec(text)?.[1] ?? NaN);
  const fields = parseFields(text);
  const field = (name: string, ...sizes: readonly number[]): Field | null => {
    const found = fields.get(name);
    return found !== undefined && sizes.includes(found.size) ? found : null;
  };
  const type = field('common_type', 2);
  const thread = field('common_pid', 4);
  const socket = field('skaddr', 4, 8);
  const oldState = field('oldstate', 4);
  const newState = field('newstate', 4);
  const port = field('sport', 2);
  const family = field('family', 2);
  const protocol = field('protocol', 1, 2);
  const ipv4 = field('saddr', 4);
  const ipv6 = field('saddr_v6', 16);
  if (Number.isNaN(id) || type === null || thread === null || socket === null || oldState === null || newState === null) return null;
  if (port === null || family === null || protocol === null || ipv4 === null || ipv6 === null) return null;
  const places = { type, thread, socket, oldState, newState, port, family, protocol, ipv4, ipv6 };
  return { id, length: Math.max(...Object.values(places).map(({ offset, size }) => offset + size)), ...places };
}

/** Reads `events/header_page`. @returns null for text that is not such a header */
export function parsePageHeader(text: string): PageLayout | null {
  const fields = parseFields(text);
  const timestamp = fields.get('timestamp');
  const commit = fields.get('commit');
  // Only the offset of `data` counts: its size is that of the pages when the kernel started.
  const data = /\bchar data;\s*offset:(\d{1,3});/.exec(text)?.[1];
  if (timestamp?.size !== 8 || commit === undefined || (commit.size !== 4 && commit.size !== 8) || data === undefined) return null;
  if (Number(data) < Math.max(timestamp.offset + timestamp.size, commit.offset + commit.size)) return null;
  return { timestamp, commit, data: Number(data) };
}
