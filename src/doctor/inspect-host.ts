import type { DoctorCheck } from '../model/doctor.ts';
import { PortreeveError } from '../model/errors.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { loadDaemonLibc } from '../native/libc.ts';
import { checkCgroups, checkNativeCalls, checkProtocols, checkPublishedPorts } from './check-kernel.ts';
import { checkPidNamespace, checkPrivileges, checkProcesses, checkUserNamespace } from './check-privileges.ts';
import { checkClock, checkJournal, checkService, checkSyslog, checkSystemd } from './check-service.ts';
import { checkMemory, checkStateDirectory } from './check-storage.ts';
import type { HostFiles } from './host-files.ts';

export interface HostInspection {
  readonly files: HostFiles;
  readonly now: Date;
  readonly stateDir: string;
  /** Of the event log, as configured. Bytes. */
  readonly maxSize: number;
}

/** What can be told of a Linux host from its files and one attempt at a native call. */
export function inspectHost({ files, now, stateDir, maxSize }: HostInspection): readonly DoctorCheck[] {
  return [
    checkPrivileges(files), checkProcesses(files), checkPidNamespace(files), checkUserNamespace(files), checkNativeCalls(tryNativeCalls()),
    checkProtocols(files), checkPublishedPorts(files), checkCgroups(files),
    checkSystemd(files), checkService(files), checkJournal(files), checkSyslog(files),
    checkClock(files, now), checkStateDirectory(files, stateDir, maxSize), checkMemory(files),
  ];
}

function tryNativeCalls(): string | null {
  try {
    loadDaemonLibc();
    return null;
  } catch (error) {
    return error instanceof PortreeveError ? error.message : cleanText(String(error));
  }
}
