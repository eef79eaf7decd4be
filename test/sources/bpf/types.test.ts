import { describe, expect, it } from 'vitest';
import { createTypes } from '../../../src/sources/bpf/types.ts';

/** Reads BTF back, as Documentation/bpf/btf.rst lays it out. */
function readTypes(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer);
  const [headerSize, typesAt, typesSize, textAt, textSize] = [4, 8, 12, 16, 20].map((at) => view.getUint32(at, true)) as [number, number, number, number, number];
  const text = new TextDecoder('latin1').decode(bytes.subarray(headerSize + textAt, headerSize + textAt + textSize));
  const textOf = (at: number): string => text.slice(at, text.indexOf('\0', at));
  const types: { name: string; kind: number; length: number; size: number; rest: number[] }[] = [];
  const words = (at: number, count: number) => Array.from({ length: count }, (_, index) => view.getUint32(at + index * 4, true));
  for (let at = headerSize + typesAt; at < headerSize + typesAt + typesSize; ) {
    const [name = 0, info = 0, size = 0] = words(at, 3);
    const [kind, length] = [info >>> 24, info & 0xffff];
    const more = { 1: 1, 2: 0, 3: 3, 4: length * 3, 12: 0, 13: length * 2 }[kind];
    if (more === undefined) throw new Error(`unexpected kind ${kind}`);
    types.push({ name: textOf(name), kind, length, size, rest: words(at + 12, more) });
    at += 12 + more * 4;
  }
  return { magic: view.getUint16(0, true), version: view.getUint8(2), whole: headerSize + textAt + textSize === bytes.length, text, textOf, types: [null, ...types] };
}

describe('types of a program', () => {
  const types = createTypes();
  const { u32, u64, pointer } = types;
  const upid = types.struct('upid', { nr: u32 });
  const pid = types.struct('pid', { level: u32, numbers: types.array(upid, 2), inode: u64, next: pointer });
  const main = types.declareFunction('main');
  const read = readTypes(types.encode());

  it('begin with what says that they are BTF, and fill the bytes exactly', () => {
    expect(read).toMatchObject({ magic: 0xeb9f, version: 1, whole: true });
    expect(read.text.startsWith('\0')).toBe(true);
  });

  it('have ids from 1 on, in their order', () => {
    expect([u32, u64, pointer].map(({ id }) => read.types[id])).toEqual([
      { name: 'u32', kind: 1, length: 0, size: 4, rest: [32] },
      { name: 'u64', kind: 1, length: 0, size: 8, rest: [64] },
      { name: '', kind: 2, length: 0, size: 0, rest: [] },
    ]);
    expect(read.types[upid.id]).toMatchObject({ name: 'upid', kind: 4 });
  });

  it('lay the fields of a structure one after the other', () => {
    expect(pid.size).toBe(28);
    const struct = read.types[pid.id];
    expect(struct).toMatchObject({ name: 'pid', kind: 4, length: 4, size: 28 });
    const members = [0, 1, 2, 3].map((index) => { const [name = 0, type, bits] = struct?.rest.slice(index * 3) ?? []; return [read.textOf(name), type, bits]; });
    expect(members).toEqual([['level', u32.id, 0], ['numbers', pid.id - 1, 32], ['inode', u64.id, 96], ['next', pointer.id, 160]]);
    expect(read.types[pid.id - 1]).toEqual({ name: '', kind: 3, length: 0, size: 0, rest: [upid.id, u32.id, 2] });
  });

  it('say of each field how it is reached, and where it is for now', () => {
    const { level, numbers, inode, next } = pid.fields;
    expect([level, numbers, inode, next].map((field) => [field.struct, read.textOf(field.access), field.offset, field.size])).toEqual([
      [pid.id, '0:0', 0, 4], [pid.id, '0:1', 4, 8], [pid.id, '0:2', 12, 8], [pid.id, '0:3', 20, 8],
    ]);
    expect(read.textOf(pid.access)).toBe('0');
  });

  it('have a function that takes one pointer', () => {
    const declared = read.types[main];
    expect(declared).toMatchObject({ name: 'main', kind: 12 });
    expect(read.types[declared?.size ?? 0]).toMatchObject({ kind: 13, length: 1, size: u32.id, rest: [expect.any(Number), pointer.id] });
  });
});
