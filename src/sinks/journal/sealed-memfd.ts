import { closeSync, writeSync } from 'node:fs';
import { errnoName } from '../../native/errno.ts';
import { loadDaemonLibc } from '../../native/libc.ts';

// <linux/memfd.h> and <linux/fcntl.h>; the same on every architecture.
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_NOEXEC_SEAL = 8;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;

/**
 * Hands `use` a descriptor of anonymous memory that holds the bytes and can no longer be changed by anyone, and closes it
 * afterwards: the journal maps what it is given only where it is sealed against all change.
 * @throws Error where the kernel does not give one
 */
export function withSealedMemory<T>(name: string, bytes: Uint8Array, use: (descriptor: number) => T): T {
  const libc = loadDaemonLibc();
  let descriptor = libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  // Kernels before 6.3 do not know the third flag.
  if (descriptor < 0) descriptor = libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) throw new Error(`cannot create anonymous memory (memfd): ${errnoName(libc.errno())}`);
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
    if (libc.fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
      throw new Error(`cannot seal anonymous memory (memfd): ${errnoName(libc.errno())}`);
    }
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
