/**
 * Reads one folder of descriptors, `/proc/<pid>/fd` (proc_pid_fd(5)), and calls `take` for each descriptor that leads to
 * a socket, with the socket's inode. It yields now and then, so that a process with very many does not keep a signal
 * waiting. Its result: false where something may not be read. A process that left held nothing.
 */
export type ReadSocketLinks = (folder: string, take: (descriptor: number, inode: number) => void) => Generator<undefined, boolean>;
