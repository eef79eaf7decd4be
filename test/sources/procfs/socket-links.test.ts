import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSocketLinks } from '../../../src/inventory/socket-links.ts';
import { createSocketLinkReader } from '../../../src/sources/procfs/socket-links.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portreeve-links-'));
  folder = join(root, 'fd');
  mkdirSync(folder);
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(root, { recursive: true });
});

const native = createSocketLinkReader();

it.runIf(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch))('makes native calls where the FFI package is', () => {
  expect(native).not.toBeNull();
});

describe.each([
  ['by means of Node', readSocketLinks],
  ['by native calls', native],
])('reading descriptors %s', (_name, reader) => {
  const read = (path: string): { readonly found: readonly (readonly [number, number])[]; readonly readable: boolean; readonly pauses: number } => {
    const found: (readonly [number, number])[] = [];
    const reading = reader!(path, (descriptor, inode) => found.push([descriptor, inode]));
    for (let pauses = 0; ; pauses += 1) {
      const step = reading.next();
      if (step.done === true) return { found: found.sort(([one], [other]) => one - other), readable: step.value, pauses };
    }
  };
  const link = (descriptor: number | string, target: string) => { symlinkSync(target, join(folder, String(descriptor))); };

  it.skipIf(reader === null)('finds sockets and nothing else', () => {
    link(0, '/dev/null');
    link(3, 'socket:[12345]');
    link(17, 'socket:[4294967295]');
    link(18, 'pipe:[12345]');
    link(19, 'anon_inode:[eventpoll]');
    link(1_048_575, 'socket:[7]');
    expect(read(folder)).toMatchObject({ found: [[3, 12_345], [17, 4_294_967_295], [1_048_575, 7]], readable: true });
  });

  it.skipIf(reader === null)('takes no name for a socket that is only like one', () => {
    // The longest first, so that what is left of it in a buffer would show.
    for (const [index, target] of ['socket:[99999999999]', 'socket:[', 'socket:[]', 'socket:[12', 'socket:[12]x', 'socket:[12x]', 'socket:[-1]', 'socket', 'socket:[1e3]', `socket:[${'9'.repeat(300)}]`, `/${'a'.repeat(3000)}`].entries()) link(index, target);
    expect(read(folder).found).toEqual([[0, 99_999_999_999]]);
  });

  it.skipIf(reader === null)('finds all of more descriptors than fit into one reading, and pauses in between', () => {
    const sockets = Array.from({ length: 1500 }, (_, index) => [index, 100_000 + index] as const);
    for (const [descriptor, inode] of sockets) link(descriptor, `socket:[${inode}]`);
    const { found, readable, pauses } = read(folder);
    expect(found).toEqual(sockets);
    expect(readable).toBe(true);
    expect(pauses).toBeGreaterThanOrEqual(1);
  });

  it.skipIf(reader === null)('finds nothing in the folder of a process that left', () => {
    expect(read(join(root, 'gone'))).toMatchObject({ found: [], readable: true });
  });

  it.skipIf(reader === null)('says where a folder may not be read', () => {
    link(3, 'socket:[1]');
    chmodSync(root, 0o755);
    chmodSync(folder, 0);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(read(folder)).toMatchObject({ found: [], readable: false });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it.skipIf(reader === null)('says where the links of a folder may not be read', () => {
    link(3, 'socket:[1]');
    chmodSync(root, 0o755);
    // Its names can be listed, and what they lead to cannot be looked at.
    chmodSync(folder, 0o444);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(read(folder)).toMatchObject({ found: [], readable: false });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
