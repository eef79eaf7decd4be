/** A descriptor that leads to a socket, as the kernel itself names it. */
export interface KernelHolding {
  readonly inode: number;
  readonly pid: number;
  /** The thread in whose table the descriptor is: the first one, which has the pid itself, unless a thread has a table of its own. */
  readonly thread: number;
  readonly descriptor: number;
  /** The kernel's name of that thread (at most 15 bytes, of its own choice). */
  readonly name: string;
}

/**
 * Asks the kernel which processes hold these sockets, all of them at once: at least one descriptor of each process.
 * @param processes how many there are, by which it may not be worth asking
 * @returns null where it was not asked
 */
export type AskKernel = (wanted: ReadonlySet<number>, processes: number) => Promise<readonly KernelHolding[] | null>;
