import { loadLibc } from './libc.ts';

const IF_NAMESIZE = 16;

/** Name of a network interface in the namespace of the calling thread; `if<index>` where it is gone. */
export function nameInterface(index: number): string {
  const buffer = Buffer.alloc(IF_NAMESIZE);
  if (loadLibc().if_indextoname(index, buffer) === null) return `if${index}`;
  const end = buffer.indexOf(0);
  return buffer.toString('utf8', 0, end < 0 ? IF_NAMESIZE : end);
}
