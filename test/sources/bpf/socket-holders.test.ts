import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bpf, IteratorProgram } from '../../../src/native/bpf.ts';
import { askSocketHolders } from '../../../src/sources/bpf/socket-holders.ts';

interface Written {
  readonly inode: bigint;
  readonly pid: number;
  readonly thread: number;
  readonly descriptor: number;
  readonly name: string;
}

function record({ inode, pid, thread, descriptor, name }: Written): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, inode, true);
  [pid, thread, descriptor].forEach((word, index) => { view.setUint32(8 + index * 4, word, true); });
  bytes.set(new TextEncoder().encode(name).subarray(0, 16), 24);
  return bytes;
}

let folder: string;
let opened: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-bpf-'));
  opened = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  for (const descriptor of opened) closeSync(descriptor);
});

/** A kernel that finds the iterator, and writes these bytes. */
function kernel(written: Uint8Array, { id = 64_250, module = 0 } = {}) {
  const seen = { keys: null as BigUint64Array | null, program: null as IteratorProgram | null, search: '', closed: 0 };
  const bpf: Bpf = {
    createSet(keys) {
      seen.keys = keys;
      return 77;
    },
    run(instructions, context) {
      seen.search = Buffer.from(instructions).toString('latin1');
      new Int32Array(context.buffer).set([id, module]);
    },
    openIterator(program) {
      seen.program = program;
      const path = join(folder, 'iterator');
      writeFileSync(path, written);
      const descriptor = openSync(path, 'r');
      opened.push(descriptor);
      return descriptor;
    },
    close: () => { seen.closed += 1; },
  };
  return { bpf, seen };
}

describe('the holders of sockets', () => {
  it('are what the program wrote, in more pieces than one too', async () => {
    const written = Array.from({ length: 4000 }, (_, index): Written => ({ inode: 4_294_967_296n + BigInt(index), pid: 10 + index, thread: 11 + index, descriptor: index, name: `n${index}` }));
    const { bpf, seen } = kernel(Buffer.concat(written.map(record)));
    expect(await askSocketHolders(new Set([7, 4_294_967_297]), bpf)).toEqual(written.map((each) => ({ ...each, inode: Number(each.inode) })));
    expect(seen.keys).toEqual(BigUint64Array.of(7n, 4_294_967_297n));
    expect(seen.program?.attachTo).toBe(64_250);
    expect(seen.closed).toBe(1);
  });

  it('are none that had ended and lost their numbers', async () => {
    const one = { inode: 1n, pid: 5, thread: 5, descriptor: 3, name: 'a' };
    const { bpf } = kernel(Buffer.concat([record({ ...one, pid: 0 }), record({ ...one, thread: 0 }), record(one)]));
    expect(await askSocketHolders(new Set([1]), bpf)).toEqual([{ ...one, inode: 1 }]);
  });

  it('are each process once for each of its sockets, however many numbers these have there', async () => {
    const one = { inode: 1n, pid: 5, thread: 5, descriptor: 3, name: 'a' };
    const two = { ...one, inode: 2n, descriptor: 4 };
    const again = [5, 6, 7].flatMap((descriptor) => [{ ...one, descriptor }, { ...two, descriptor }]);
    const other = { ...one, pid: 6, thread: 6 };
    const { bpf } = kernel(Buffer.concat([one, two, ...again, other].map(record)));
    expect(await askSocketHolders(new Set([1, 2]), bpf)).toEqual([{ ...one, inode: 1 }, { ...two, inode: 2 }, { ...other, inode: 1 }]);
  });

  it('have names as they are, of up to 16 bytes, with what is no text replaced', async () => {
    const bytes = record({ inode: 1n, pid: 5, thread: 5, descriptor: 3, name: 'sixteen-bytes-ok' });
    const odd = record({ inode: 2n, pid: 6, thread: 6, descriptor: 3, name: '' });
    odd.set([0xff, 0x0a, 0x1b, 0], 24);
    expect((await askSocketHolders(new Set([1]), kernel(Buffer.concat([bytes, odd])).bpf)).map(({ name }) => name)).toEqual(['sixteen-bytes-ok', '\ufffd\n\u001b']);
  });

  it('are asked of the iterator by its name, which ends with a NUL', async () => {
    const { bpf, seen } = kernel(new Uint8Array());
    await askSocketHolders(new Set([1]), bpf);
    // Four bytes of it in each instruction.
    const stored = Array.from({ length: 6 }, (_, index) => seen.search.slice(8 + index * 8 + 4, 8 + index * 8 + 8)).join('');
    expect(stored).toBe('bpf_iter_task_file\0'.padEnd(24, '\0'));
  });

  it.each([
    ['no such iterator', { id: -2 }],
    ['one of a module', { module: 9 }],
  ])('cannot be had with %s', async (_what, found) => {
    const { bpf, seen } = kernel(new Uint8Array(), found);
    await expect(askSocketHolders(new Set([1]), bpf)).rejects.toMatchObject({ code: 'source-unsupported' });
    expect(seen.program).toBeNull();
    expect(seen.closed).toBe(1);
  });

  it('are taken from no bytes that are not a whole record', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const found = await askSocketHolders(new Set([1]), kernel(bytes).bpf);
        expect(found.length).toBeLessThanOrEqual(Math.floor(bytes.length / 40));
        for (const { pid, thread } of found) expect(pid > 0 && thread > 0).toBe(true);
      }),
      { seed: 11, numRuns: 50 },
    );
  });
});
