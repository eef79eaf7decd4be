import type { DoctorCheck } from '../model/doctor.ts';
import { cleanText } from '../model/untrusted-text.ts';
import type { HostFiles } from './host-files.ts';
import { limited, notApplicable, works } from './outcome.ts';

const MEBIBYTE = 1_048_576;
/** The daemon stays below 90 MB. */
const LEAST_MEMORY = 96 * MEBIBYTE;

/** @param maxSize of the event log, as configured: bytes */
export function checkStateDirectory(files: HostFiles, folder: string, maxSize: number): DoctorCheck {
  const shown = cleanText(folder);
  const refused = files.refusesWriting(folder);
  if (refused !== null) {
    return limited('state-directory', { finding: `${shown} cannot be written to (${refused})`, cost: 'alerts and registry updates are not remembered across a restart', remedy: `as root, or with another folder: --state-dir DIR` });
  }
  const free = files.freeBytes(folder);
  if (free !== null && free < maxSize) {
    return limited('state-directory', {
      finding: `${shown} has ${mebibytes(free)} left, and the event log may take ${mebibytes(maxSize)}`,
      cost: 'a full disk stops the event log, and with it the sinks, until there is room',
      remedy: 'a smaller state.maxSize in portreeve.yaml, or more room',
    });
  }
  return works('state-directory', `${shown} ${files.exists(folder) ? 'can be written to' : 'can be made'}${free === null ? '' : `, with ${mebibytes(free)} left`}`);
}

/** The limit of the own cgroup, of version 2 or 1; those above it are not looked at. */
export function checkMemory(files: HostFiles): DoctorCheck {
  const groups = (files.text('/proc/self/cgroup') ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const unified = groups.find((group) => group?.[1] === '')?.[2];
  const old = groups.find((group) => group?.[1]?.split(',').includes('memory'))?.[2];
  const texts = [unified === undefined ? null : files.text(`/sys/fs/cgroup${unified}/memory.max`), old === undefined ? null : files.text(`/sys/fs/cgroup/memory${old}/memory.limit_in_bytes`)];
  const limits = texts.map((text) => Number(/^(\d{1,20})$/.exec(text?.trim() ?? '')?.[1] ?? Infinity));
  const limit = Math.min(...limits);
  // Version 1 writes "none" as the largest number of pages.
  if (limit > 2 ** 60) return notApplicable('memory', 'this cgroup has no limit');
  if (limit >= LEAST_MEMORY) return works('memory', `this cgroup may have ${mebibytes(limit)}`);
  return limited('memory', { finding: `this cgroup may have only ${mebibytes(limit)}`, cost: 'the daemon, which needs up to 90 MB, may be killed', remedy: 'MemoryMax=128M in the unit, or --memory for the container' });
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MEBIBYTE)} MiB`;
}
