import { describe, expect, it } from 'vitest';
import { createAssembler, STACK_END } from '../../../src/sources/bpf/assembler.ts';
import { createTypes } from '../../../src/sources/bpf/types.ts';

/** `code dst src offset constant` of each instruction, read back as instruction-set.rst of the kernel has them. */
function disassemble(bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 8 }, (_, index) => {
    const at = index * 8;
    return [view.getUint8(at).toString(16).padStart(2, '0'), `r${view.getUint8(at + 1) & 15}`, `r${view.getUint8(at + 1) >> 4}`, view.getInt16(at + 2, true), view.getInt32(at + 4, true)].join(' ');
  });
}

describe('an assembled program', () => {
  it('has the codes of the instruction set', () => {
    const code = createAssembler();
    code.set(2, -1);
    code.copy(6, 1);
    code.add(3, 9);
    code.addConstant(1, -40);
    code.load(7, 6, 8, 8);
    code.load(1, 6, 16, 4);
    code.store(STACK_END, -24, 1, 4);
    code.store(6, 0, 0, 8);
    code.storeConstant(STACK_END, -20, 7);
    code.setToMap(1, 5);
    code.call(113);
    // As `llvm-objdump -d` shows what clang makes of the same in C.
    expect(disassemble(code.end().instructions)).toEqual([
      'b7 r2 r0 0 -1', 'bf r6 r1 0 0', '0f r3 r9 0 0', '07 r1 r0 0 -40', '79 r7 r6 8 0', '61 r1 r6 16 0', '63 r10 r1 -24 0', '7b r6 r0 0 0',
      '62 r10 r0 -20 7', '18 r1 r1 0 5', '00 r0 r0 0 0', '85 r0 r0 0 113', 'b7 r0 r0 0 0', '95 r0 r0 0 0',
    ]);
  });

  it('ends early by a jump over all that is left but the end', () => {
    const code = createAssembler();
    code.endIf(7, '==', 0);
    code.setToMap(1, 5);
    code.endIf(1, '!=', 0x534f_434b);
    expect(disassemble(code.end().instructions)).toEqual(['15 r7 r0 3 0', '18 r1 r1 0 5', '00 r0 r0 0 0', '55 r1 r0 0 1397703499', 'b7 r0 r0 0 0', '95 r0 r0 0 0']);
  });

  it('says which instructions take the offset of a field, or the size of a structure, from the kernel', () => {
    const types = createTypes();
    const file = types.struct('file', { flags: types.u64, inode: types.pointer });
    const code = createAssembler();
    code.copy(6, 1);
    code.loadField(1, 6, file.fields.inode);
    code.addOffset(3, file.fields.inode);
    code.multiplyBySize(9, file);
    const { instructions, relocations } = code.end();
    expect(disassemble(instructions).slice(1, 4)).toEqual(['79 r1 r6 8 0', '07 r3 r0 0 8', '27 r9 r0 0 16']);
    expect([...new Uint32Array(relocations.buffer)]).toEqual([
      8, file.id, file.fields.inode.access, 0,
      16, file.id, file.fields.inode.access, 0,
      24, file.id, file.access, 9,
    ]);
  });
});
