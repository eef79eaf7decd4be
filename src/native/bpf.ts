import { closeSync } from 'node:fs';
import { PortreeveError } from '../model/errors.ts';
import { errnoName } from './errno.ts';
import { loadBpfLibc, type BpfLibc } from './libc.ts';

// Commands and kinds of include/uapi/linux/bpf.h, where numbers never change.
const BPF_MAP_CREATE = 0;
const BPF_PROG_LOAD = 5;
const BPF_PROG_RUN = 10;
const BPF_BTF_LOAD = 18;
const BPF_MAP_UPDATE_BATCH = 26;
const BPF_LINK_CREATE = 28;
const BPF_ITER_CREATE = 33;
const BPF_MAP_TYPE_HASH = 1;
const BPF_PROG_TYPE_TRACING = 26;
const BPF_PROG_TYPE_SYSCALL = 31;
const BPF_TRACE_ITER = 28;
const BPF_F_SLEEPABLE = 16;

/** Bytes of one instruction, of a `struct bpf_core_relo`, and of what every kernel knows of `struct bpf_func_info`. */
const INSTRUCTION_SIZE = 8;
const RELOCATION_SIZE = 16;
const FUNCTION_SIZE = 8;
/** As long as Linux 5.17 has it. A kernel that has less of it refuses what it does not know, and so what it cannot do. */
const ATTRIBUTE_SIZE = 144;

const EINTR = 4;
const EAGAIN = 11;
/** A signal makes the verifier give up. */
const ATTEMPTS = 10;

/** What `bpftool prog` and `bpftool map` show while it runs. */
const NAME = 'portreeve';
/** Helpers that read the kernel's memory are for programs with a licence that goes with the kernel's (include/linux/license.h). */
const LICENSE = new TextEncoder().encode('Dual MIT/GPL\0');

/** A program that the kernel runs for each object of a kind while it is read (Documentation/bpf/bpf_iterators.rst). */
export interface IteratorProgram {
  readonly instructions: Uint8Array;
  /** `struct bpf_core_relo` each: where the kernel puts in the offsets that its own structures have. */
  readonly relocations: Uint8Array;
  /** BTF of the structures that the relocations name, and the id of the program's function in it. */
  readonly types: Uint8Array;
  readonly functionType: number;
  /** Id of the iterator's function in the kernel's own BTF. */
  readonly attachTo: number;
}

/** The bpf(2) calls of one task. Each throws PortreeveError `source-unsupported` where the kernel refuses it. */
export interface Bpf {
  /** A hash table of 64-bit keys, for a program to look into; gives its descriptor. */
  createSet(keys: BigUint64Array): number;
  /** Runs a program of the type SYSCALL once, which may change its context. */
  run(instructions: Uint8Array, context: Uint8Array): void;
  /** Gives a descriptor to read what the program writes. */
  openIterator(program: IteratorProgram): number;
  /** Closes what was opened; nothing of it stays in the kernel. */
  close(): void;
}

/** A field of `union bpf_attr`: 32 bits, text as it is, or the address of bytes. */
type Field = readonly [at: number, value: number | string | Uint8Array | BigUint64Array];

/** @throws PortreeveError `source-unsupported` where native calls cannot be made, or the number of bpf(2) is not known */
export function openBpf(libc: BpfLibc = loadBpfLibc()): Bpf {
  const opened: number[] = [];
  const call = (command: number, what: string, fields: readonly Field[]): number => {
    const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_SIZE));
    for (const [at, value] of fields) {
      if (typeof value === 'number') attribute.setUint32(at, value, true);
      else if (typeof value === 'string') for (let index = 0; index < value.length; index += 1) attribute.setUint8(at + index, value.charCodeAt(index));
      else attribute.setBigUint64(at, libc.address(value), true);
    }
    let errno = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const result = libc.bpf(command, new Uint8Array(attribute.buffer), ATTRIBUTE_SIZE);
      // Named after the call, the fields and their bytes live until then.
      if (result >= 0 && fields.length > 0) return result;
      errno = libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) break;
    }
    throw new PortreeveError('source-unsupported', `the kernel refuses ${what} (bpf(2)): ${errnoName(errno)}`, { hint: 'use --owners proc' });
  };
  const open = (command: number, what: string, fields: readonly Field[]): number => {
    const descriptor = call(command, what, fields);
    opened.push(descriptor);
    return descriptor;
  };
  return {
    createSet(keys) {
      const set = open(BPF_MAP_CREATE, 'a table', [[0, BPF_MAP_TYPE_HASH], [4, keys.BYTES_PER_ELEMENT], [8, 1], [12, keys.length], [28, NAME]]);
      call(BPF_MAP_UPDATE_BATCH, 'to fill a table', [[16, keys], [24, new Uint8Array(keys.length)], [32, keys.length], [36, set]]);
      return set;
    },
    run(instructions, context) {
      const program = open(BPF_PROG_LOAD, 'a program', [[0, BPF_PROG_TYPE_SYSCALL], [4, instructions.length / INSTRUCTION_SIZE], [8, instructions], [16, LICENSE], [44, BPF_F_SLEEPABLE], [48, NAME]]);
      call(BPF_PROG_RUN, 'to run a program', [[0, program], [40, context.length], [48, context]]);
    },
    openIterator({ instructions, relocations, types, functionType, attachTo }) {
      const btf = open(BPF_BTF_LOAD, 'types', [[0, types], [16, types.length]]);
      // One function, which begins at instruction 0.
      const functions = new Uint8Array(new Uint32Array([0, functionType]).buffer);
      const program = open(BPF_PROG_LOAD, 'an iterator', [
        [0, BPF_PROG_TYPE_TRACING], [4, instructions.length / INSTRUCTION_SIZE], [8, instructions], [16, LICENSE], [48, NAME], [68, BPF_TRACE_ITER],
        [72, btf], [76, FUNCTION_SIZE], [80, functions], [88, functions.length / FUNCTION_SIZE], [108, attachTo],
        [116, relocations.length / RELOCATION_SIZE], [128, relocations], [136, RELOCATION_SIZE],
      ]);
      const link = open(BPF_LINK_CREATE, 'to attach an iterator', [[0, program], [8, BPF_TRACE_ITER]]);
      return open(BPF_ITER_CREATE, 'to open an iterator', [[0, link]]);
    },
    close() {
      for (const descriptor of opened.splice(0)) closeSync(descriptor);
    },
  };
}
