import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PortreeveError } from '../../model/errors.ts';
import { cleanText } from '../../model/untrusted-text.ts';
import { EVENT_FOLDER } from './instance-settings.ts';

/** Where tracefs is mounted; the second is what debugfs mounts by itself on older systems. */
export const TRACEFS_ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;
export const MOUNT_TRACEFS = 'mount -t tracefs nodev /sys/kernel/tracing';

/**
 * The first of the roots that has the event.
 * @throws PortreeveError `source-unsupported` with what is missing and how to mend it
 */
export function findTracefs(roots: readonly string[]): string {
  const mounted = roots.find((root) => existsSync(join(root, EVENT_FOLDER, 'format')));
  if (mounted !== undefined) return mounted;
  const withoutEvent = roots.find((root) => existsSync(join(root, 'events')));
  if (withoutEvent !== undefined) {
    throw new PortreeveError('source-unsupported', `${withoutEvent} has no ${EVENT_FOLDER}: it needs Linux 4.16 with event tracing`);
  }
  const closed = roots.find((root) => denies(root));
  if (closed !== undefined) throw new PortreeveError('source-unsupported', `${closed} is closed to this user; run as root`);
  if (!roots.some((root) => existsSync(root))) throw new PortreeveError('source-unsupported', `there is no ${roots.join(' and no ')}: the kernel was built without tracing, or /sys is not its own`);
  throw new PortreeveError('source-unsupported', `tracefs is not mounted; ${MOUNT_TRACEFS}`, { hint: MOUNT_TRACEFS });
}

/** Tracefs is for root alone (0700), and so is /sys/kernel/debug. */
function denies(root: string): boolean {
  try {
    statSync(join(root, 'events'));
    return false;
  } catch (error) {
    return isDenied(error);
  }
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Why an instance cannot be had or read any more, in a clause for a person, with what mends it. */
export function explainTracefsFailure(error: unknown, lockdownFile: string): string {
  if (error instanceof PortreeveError) return error.message;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const where = cleanText(path ?? 'tracefs');
  if (isDenied(error)) {
    return isLockedDown(lockdownFile)
      ? 'the kernel is locked down (confidentiality) and lets no one trace'
      : `${where} may not be used (${code ?? ''}); it needs root, and CAP_SYS_ADMIN or CAP_DAC_OVERRIDE in a service`;
  }
  if (code === 'EROFS') return `${where} is read-only here; ReadWritePaths=/sys/kernel/tracing in the unit, without ProtectKernelTunables=`;
  if (code === 'ENOENT' || code === 'ENODEV') return `${where} is gone: tracefs was unmounted, or the instance was removed; ${MOUNT_TRACEFS}`;
  if (code === 'EBUSY') return `${where} is in use by another program`;
  if (code === 'ENOMEM' || code === 'ENOSPC') return `the kernel has no memory for the buffers of ${where}`;
  return cleanText(message);
}

/** Lockdown in its stricter mode closes tracefs to all (kernel_lockdown(7)). */
function isLockedDown(file: string): boolean {
  try {
    return readFileSync(file, 'latin1').includes('[confidentiality]');
  } catch {
    return false;
  }
}
