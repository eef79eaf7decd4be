import type { Field, Structure } from './types.ts';

/** Registers: r0 holds results, r1 to r5 the arguments of a call, which are lost in it; r6 to r9 are kept; r10 is the end of the stack. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
export const STACK_END = 10;

// Operation codes (Documentation/bpf/standardization/instruction-set.rst): 64-bit arithmetic, jumps on 64 bits.
const ADD_CONSTANT = 0x07;
const ADD_REGISTER = 0x0f;
const MULTIPLY_BY_CONSTANT = 0x27;
const SET_CONSTANT = 0xb7;
const SET_REGISTER = 0xbf;
const LOAD = { 4: 0x61, 8: 0x79 } as const;
const STORE = { 4: 0x63, 8: 0x7b } as const;
const STORE_CONSTANT = 0x62;
const LOAD_WIDE = 0x18;
const JUMP = { '==': 0x15, '!=': 0x55 } as const;
const CALL = 0x85;
const EXIT = 0x95;
/** Source of `LOAD_WIDE` that makes it the address of a map, given by its descriptor. */
const MAP_DESCRIPTOR = 1;

/** What of a structure the kernel is to put in (`enum bpf_core_relo_kind`). */
const OFFSET_OF_FIELD = 0;
const SIZE_OF_TYPE = 9;

/** What a field takes that is loaded as a whole. */
type Word = 4 | 8;

/** Puts a program together, in the order of the calls. Constants are 32 bits with their sign. */
export interface Assembler {
  set(to: Register, constant: number): void;
  copy(to: Register, from: Register): void;
  add(to: Register, from: Register): void;
  addConstant(to: Register, constant: number): void;
  setToMap(to: Register, descriptor: number): void;
  load(to: Register, from: Register, offset: number, size: Word): void;
  store(to: Register, offset: number, from: Register, size: Word): void;
  storeConstant(to: Register, offset: number, constant: number): void;
  /** Loads a field of the structure whose address is in `from`: 64 bits. */
  loadField(to: Register, from: Register, field: Field): void;
  /** From the address of a structure to that of its field. */
  addOffset(to: Register, field: Field): void;
  multiplyBySize(to: Register, of: Structure<string>): void;
  call(helper: number): void;
  /** Ends the program with 0 if the comparison holds. */
  endIf(register: Register, comparison: keyof typeof JUMP, constant: number): void;
  /** Ends the program with 0. Nothing may be added after that. */
  end(): { readonly instructions: Uint8Array; readonly relocations: Uint8Array };
}

const SIZE = 8;

export function createAssembler(): Assembler {
  const words: (readonly [code: number, registers: number, offset: number, constant: number])[] = [];
  const relocations: number[] = [];
  const exits = new Set<number>();
  const add = (code: number, to: number, from: number, offset: number, constant: number): void => {
    words.push([code, (from << 4) | to, offset, constant]);
  };
  /** Of the instruction that comes next. */
  const relocate = (type: number, access: number, kind: number): void => {
    relocations.push(words.length * SIZE, type, access, kind);
  };
  return {
    set: (to, constant) => { add(SET_CONSTANT, to, 0, 0, constant); },
    copy: (to, from) => { add(SET_REGISTER, to, from, 0, 0); },
    add: (to, from) => { add(ADD_REGISTER, to, from, 0, 0); },
    addConstant: (to, constant) => { add(ADD_CONSTANT, to, 0, 0, constant); },
    setToMap(to, descriptor) {
      add(LOAD_WIDE, to, MAP_DESCRIPTOR, 0, descriptor);
      add(0, 0, 0, 0, 0);
    },
    load: (to, from, offset, size) => { add(LOAD[size], to, from, offset, 0); },
    store: (to, offset, from, size) => { add(STORE[size], to, from, offset, 0); },
    storeConstant: (to, offset, constant) => { add(STORE_CONSTANT, to, 0, offset, constant); },
    loadField(to, from, { struct, access, offset }) {
      relocate(struct, access, OFFSET_OF_FIELD);
      add(LOAD[8], to, from, offset, 0);
    },
    addOffset(to, { struct, access, offset }) {
      relocate(struct, access, OFFSET_OF_FIELD);
      add(ADD_CONSTANT, to, 0, 0, offset);
    },
    multiplyBySize(to, { id, access, size }) {
      relocate(id, access, SIZE_OF_TYPE);
      add(MULTIPLY_BY_CONSTANT, to, 0, 0, size);
    },
    call: (helper) => { add(CALL, 0, 0, 0, helper); },
    endIf(register, comparison, constant) {
      exits.add(words.length);
      add(JUMP[comparison], register, 0, 0, constant);
    },
    end() {
      const end = words.length;
      add(SET_CONSTANT, 0, 0, 0, 0);
      add(EXIT, 0, 0, 0, 0);
      const view = new DataView(new ArrayBuffer(words.length * SIZE));
      words.forEach(([code, registers, offset, constant], index) => {
        view.setUint8(index * SIZE, code);
        view.setUint8(index * SIZE + 1, registers);
        view.setInt16(index * SIZE + 2, exits.has(index) ? end - index - 1 : offset, true);
        view.setInt32(index * SIZE + 4, constant, true);
      });
      return { instructions: new Uint8Array(view.buffer), relocations: new Uint8Array(new Uint32Array(relocations).buffer) };
    },
  };
}
