import { readSync } from 'node:fs';
import { PortreeveError } from '../../model/errors.ts';
import { hearSignals } from '../../model/hear-signals.ts';
import type { KernelHolding } from '../../model/socket-holders.ts';
import { openBpf, type Bpf, type IteratorProgram } from '../../native/bpf.ts';
import { createAssembler, STACK_END, type Assembler, type Register } from './assembler.ts';
import { createTypes, type Field } from './types.ts';

// Helpers by their numbers (include/uapi/linux/bpf.h).
const MAP_LOOKUP_ELEM = 1;
const GET_CURRENT_TASK = 35;
const PROBE_READ_KERNEL = 113;
const SEQ_WRITE = 127;
const BTF_FIND_BY_NAME_KIND = 167;

/** `SOCKFS_MAGIC` (include/uapi/linux/magic.h): the file system of which every socket is. */
const SOCKFS_MAGIC = 0x534f_434b;
/** The kernel's function that declares the iterator over the files of tasks (kernel/bpf/task_iter.c), with its NUL. */
const ITERATOR = 'bpf_iter_task_file\0';
const KIND_FUNCTION = 12;

/** `struct bpf_iter__task_file`: pointers to meta, task and file, and the number of the descriptor. */
const CONTEXT = { meta: 0, task: 8, descriptor: 16, file: 24 } as const;

/** What the program writes for each descriptor, on its stack first: inode, pid, thread, descriptor, (padding), name. */
const RECORD = { inode: 0, pid: 8, thread: 12, descriptor: 16, padding: 20, name: 24 } as const;
const RECORD_SIZE = 40;
const NAME_SIZE = 16;
const RECORD_AT = -RECORD_SIZE;
const POINTER_AT = RECORD_AT - 8;
const LEVEL_AT = POINTER_AT - 8;

/** Whole records, and what the kernel collects before it hands over: eight pages. */
const READ_SIZE = 1024 * RECORD_SIZE;

/**
 * Asks the kernel which descriptors of all processes lead to these sockets. The kernel walks them itself (a BPF iterator), 0.4
 * microseconds for each, where a walk through /proc takes 4: it looks the inode of every socket up in a table of the wanted
 * ones and writes a record for each match, of which the first of each process and socket is given. Pids are those of the PID
 * namespace of this process, and so are the processes that it looks at. Needs Linux 5.17 with BTF, and CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN.
 * @throws PortreeveError `source-unsupported` where the kernel refuses
 */
export async function askSocketHolders(wanted: ReadonlySet<number>, bpf: Bpf = openBpf()): Promise<readonly KernelHolding[]> {
  try {
    const attachTo = findIterator(bpf);
    const set = bpf.createSet(BigUint64Array.from(wanted, BigInt));
    return await readHoldings(bpf.openIterator({ ...assembleIterator(set), attachTo }));
  } finally {
    bpf.close();
  }
}

/** The number of the iterator in the kernel's BTF, which has 5 MB that need not be read so. */
function findIterator(bpf: Bpf): number {
  const context = new Uint8Array(8);
  bpf.run(assembleSearch(), context);
  // The upper half is a descriptor of a module's BTF, and 0 for the kernel's own.
  const [id = 0, module = 0] = new Int32Array(context.buffer);
  if (id <= 0 || module !== 0) throw new PortreeveError('source-unsupported', 'the kernel has no iterator over the files of processes', { hint: 'use --owners proc' });
  return id;
}

/** `*context = bpf_btf_find_by_name_kind(ITERATOR, sizeof(ITERATOR), KIND_FUNCTION, 0)` */
function assembleSearch(): Uint8Array {
  const code = createAssembler();
  const at = -Math.ceil(ITERATOR.length / 8) * 8;
  const bytes = new DataView(new ArrayBuffer(-at));
  for (let index = 0; index < ITERATOR.length; index += 1) bytes.setUint8(index, ITERATOR.charCodeAt(index));
  code.copy(6, 1);
  for (let index = 0; index < -at; index += 4) code.storeConstant(STACK_END, at + index, bytes.getInt32(index, true));
  pointToStack(code, 1, at);
  code.set(2, ITERATOR.length);
  code.set(3, KIND_FUNCTION);
  code.set(4, 0);
  code.call(BTF_FIND_BY_NAME_KIND);
  code.store(6, 0, 0, 8);
  return code.end().instructions;
}

/** The program that is run for each file of each task. */
export function assembleIterator(set: number): Omit<IteratorProgram, 'attachTo'> {
  const types = createTypes();
  const { u32, u64, pointer } = types;
  const file = types.struct('file', { f_inode: pointer }).fields;
  const inode = types.struct('inode', { i_sb: pointer, i_ino: u64 }).fields;
  const superBlock = types.struct('super_block', { s_magic: u64 }).fields;
  const task = types.struct('task_struct', { thread_pid: pointer, group_leader: pointer, comm: types.array(u32, NAME_SIZE / u32.size) }).fields;
  const upid = types.struct('upid', { nr: u32 });
  const pid = types.struct('pid', { level: u32, numbers: types.array(upid, 1) }).fields;
  const functionType = types.declareFunction('list_socket_holders');

  const code = createAssembler();
  /** `*(stack + to) = from->field`, 0 where the address is none. The task may end meanwhile: its pid is gone first. */
  const read = (to: number, from: Register, field: Field): void => {
    code.copy(3, from);
    code.addOffset(3, field);
    readAt3(to, field.size);
  };
  const readAt3 = (to: number, size: number): void => {
    pointToStack(code, 1, to);
    code.set(2, size);
    code.call(PROBE_READ_KERNEL);
  };
  /** `*(stack + to) = (the struct pid at POINTER_AT)->numbers[r9 / sizeof(struct upid)].nr` */
  const readNumber = (to: number): void => {
    code.load(3, STACK_END, POINTER_AT, 8);
    code.add(3, 9);
    code.addOffset(3, pid.numbers);
    readAt3(to, upid.fields.nr.size);
  };

  code.copy(6, 1);
  code.load(7, 6, CONTEXT.task, 8);
  code.endIf(7, '==', 0);
  code.load(8, 6, CONTEXT.file, 8);
  code.endIf(8, '==', 0);
  code.loadField(8, 8, file.f_inode);
  code.loadField(1, 8, inode.i_sb);
  code.loadField(1, 1, superBlock.s_magic);
  code.endIf(1, '!=', SOCKFS_MAGIC);
  code.loadField(1, 8, inode.i_ino);
  code.store(STACK_END, RECORD_AT + RECORD.inode, 1, 8);
  code.setToMap(1, set);
  pointToStack(code, 2, RECORD_AT + RECORD.inode);
  code.call(MAP_LOOKUP_ELEM);
  code.endIf(0, '==', 0);
  code.load(1, 6, CONTEXT.descriptor, 4);
  code.store(STACK_END, RECORD_AT + RECORD.descriptor, 1, 4);
  code.storeConstant(STACK_END, RECORD_AT + RECORD.padding, 0);
  // The depth of the reader's PID namespace, in which the iterator looks: a task has a number in each down to its own.
  code.call(GET_CURRENT_TASK);
  read(POINTER_AT, 0, task.thread_pid);
  code.load(1, STACK_END, POINTER_AT, 8);
  read(LEVEL_AT, 1, pid.level);
  code.load(9, STACK_END, LEVEL_AT, 4);
  code.multiplyBySize(9, upid);
  read(POINTER_AT, 7, task.thread_pid);
  readNumber(RECORD_AT + RECORD.thread);
  read(POINTER_AT, 7, task.group_leader);
  code.load(1, STACK_END, POINTER_AT, 8);
  read(POINTER_AT, 1, task.thread_pid);
  readNumber(RECORD_AT + RECORD.pid);
  read(RECORD_AT + RECORD.name, 7, task.comm);
  code.load(1, 6, CONTEXT.meta, 8);
  // The first field of `struct bpf_iter_meta`: what the program writes to.
  code.load(1, 1, 0, 8);
  pointToStack(code, 2, RECORD_AT);
  code.set(3, RECORD_SIZE);
  code.call(SEQ_WRITE);
  return { ...code.end(), types: types.encode(), functionType };
}

function pointToStack(code: Assembler, register: Register, offset: number): void {
  code.copy(register, STACK_END);
  code.addConstant(register, offset);
}

/**
 * Reads an iterator to its end. The kernel collects whole records, and comes to a process but once for each table that it has:
 * a socket may be in one at as many numbers as its owner likes, half a million by the limits of systemd.
 */
async function readHoldings(iterator: number): Promise<readonly KernelHolding[]> {
  const buffer = Buffer.alloc(READ_SIZE);
  const holdings: KernelHolding[] = [];
  const latest = new Map<number, number>();
  for (;;) {
    const length = await readMore(iterator, buffer);
    if (length === 0) return holdings;
    for (let at = 0; at + RECORD_SIZE <= length; at += RECORD_SIZE) {
      const [pid, thread] = [buffer.readUInt32LE(at + RECORD.pid), buffer.readUInt32LE(at + RECORD.thread)];
      // The task has ended and has no number any more: with its table it has let go of the socket.
      if (pid === 0 || thread === 0) continue;
      const inode = Number(buffer.readBigUInt64LE(at + RECORD.inode));
      if (latest.get(inode) === pid) continue;
      latest.set(inode, pid);
      const name = buffer.subarray(at + RECORD.name, at + RECORD.name + NAME_SIZE);
      const end = name.indexOf(0);
      holdings.push({
        inode,
        pid,
        thread,
        descriptor: buffer.readUInt32LE(at + RECORD.descriptor),
        name: name.toString('utf8', 0, end < 0 ? NAME_SIZE : end),
      });
    }
  }
}

async function readMore(iterator: number, buffer: Uint8Array): Promise<number> {
  for (;;) {
    // One reading takes as long as a million files do, 0.2 s.
    await hearSignals();
    try {
      return readSync(iterator, buffer, 0, buffer.length, null);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      // After a million files without a match the kernel wants to be asked again (MAX_ITER_OBJECTS, kernel/bpf/bpf_iter.c).
      if (code !== 'EAGAIN') throw new PortreeveError('source-unsupported', `the kernel does not go on listing the holders of sockets: ${code}`, { cause });
    }
  }
}
