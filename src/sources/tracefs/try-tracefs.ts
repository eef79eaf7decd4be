import { explainTracefsFailure, findTracefs, TRACEFS_ROOTS } from './find-tracefs.ts';
import { KERNEL_FOLDERS } from './instance-folder.ts';
import { openInstance } from './instance.ts';

/**
 * Makes an instance as the daemon would, and removes it again: nothing less shows what a security module or a read-only
 * mount lets through. 80 ms. Gives the reason where it cannot be had, else null.
 */
export function tryTracefs(roots: readonly string[] = TRACEFS_ROOTS): string | null {
  try {
    openInstance({ root: findTracefs(roots), onlineCpus: '/sys/devices/system/cpu/online', folders: KERNEL_FOLDERS }).close();
    return null;
  } catch (error) {
    return explainTracefsFailure(error, '/sys/kernel/security/lockdown');
  }
}
