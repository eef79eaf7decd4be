import type { DaemonStatus } from '../model/daemon.ts';
import type { DoctorCheck } from '../model/doctor.ts';
import { cleanText } from '../model/untrusted-text.ts';
import type { HostFiles } from './host-files.ts';
import { limited, missing, notApplicable, works } from './outcome.ts';

const UNIT = 'portreeve.service';
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const LIBRARY_FOLDERS = ['/usr/lib/systemd', '/lib/systemd', '/usr/lib64/systemd', '/usr/lib/x86_64-linux-gnu/systemd', '/usr/lib/aarch64-linux-gnu/systemd'];
/** RuntimeDirectory= and the settings of the unit that harden it are all there from this version on (Debian 12 has 252). */
const LEAST_SYSTEMD = 247;

/** sd_booted(3): the folder is there where systemd is the init of this system. Its version is in the name of a library. */
export function checkSystemd(files: HostFiles): DoctorCheck {
  if (!files.exists('/run/systemd/system')) {
    return limited('systemd', { finding: 'systemd does not run this system', cost: 'no service, no watchdog, no journal', remedy: 'start it from your own init: portreeve daemon' });
  }
  const versions = LIBRARY_FOLDERS.flatMap((folder) => files.names(folder)).map((name) => Number(/^libsystemd-shared-(\d{2,4})\b/.exec(name)?.[1] ?? 0));
  const version = Math.max(0, ...versions);
  if (version === 0) return works('systemd', 'runs this system');
  if (version >= LEAST_SYSTEMD) return works('systemd', `version ${version} runs this system`);
  return limited('systemd', { finding: `version ${version} runs this system`, cost: `settings of the unit that came up to version ${LEAST_SYSTEMD} are ignored: it is less hardened`, remedy: 'a newer release of the distribution' });
}

export function checkService(files: HostFiles): DoctorCheck {
  if (!files.exists('/run/systemd/system')) return notApplicable('service', 'without systemd there is none');
  const folder = UNIT_FOLDERS.find((each) => files.exists(`${each}/${UNIT}`));
  if (folder === undefined) return limited('service', { finding: `${UNIT} is not installed`, cost: 'nothing watches this host between two audits', remedy: 'sudo portreeve install-service' });
  const active = ['/sys/fs/cgroup/system.slice', '/sys/fs/cgroup/systemd/system.slice'].some((slice) => files.exists(`${slice}/${UNIT}`)) || files.link(`/run/systemd/units/invocation:${UNIT}`) !== null;
  if (active) return works('service', `${folder}/${UNIT} is installed and active`);
  return limited('service', { finding: `${folder}/${UNIT} is installed and not active`, cost: 'nothing watches this host between two audits', remedy: `sudo systemctl enable --now ${UNIT}` });
}

/** @param answer what the daemon says of itself; or why it does not, with what to do */
export function checkDaemon(answer: DaemonStatus | { readonly failure: string; readonly hint: string | null } | null): DoctorCheck {
  if (answer === null) return notApplicable('daemon', 'control.socket in portreeve.yaml says that there is none to ask');
  if ('failure' in answer) return limited('daemon', { finding: cleanText(answer.failure, { again: true }), cost: 'no status, history, watch, nor audit without --now', remedy: answer.hint });
  const { pid, version, state, kernelEvents } = answer;
  return works('daemon', `version ${cleanText(version)}, pid ${pid}, is ${state}; kernel events: ${kernelEvents.mode}`);
}

export function checkJournal(files: HostFiles): DoctorCheck {
  if (files.exists('/run/systemd/journal/socket')) return works('journal', 'takes structured entries at /run/systemd/journal/socket');
  if (!files.exists('/run/systemd/system')) return notApplicable('journal', 'without systemd there is none');
  return limited('journal', { finding: 'there is no /run/systemd/journal/socket', cost: 'sinks of type journal cannot send', remedy: 'systemctl start systemd-journald.socket, or another sink in portreeve.yaml' });
}

export function checkSyslog(files: HostFiles): DoctorCheck {
  if (files.exists('/dev/log')) return works('syslog', 'takes messages at /dev/log');
  return limited('syslog', { finding: 'there is no /dev/log', cost: 'sinks of type syslog with transport local cannot send', remedy: 'install rsyslog or syslog-ng, or name a host in the sink' });
}

/** Before this day there was no portreeve: a clock that says so was never set. */
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);

/** Who synchronises leaves a file: systemd-timesyncd(8), chronyd(8), ntpd(8). */
export function checkClock(files: HostFiles, now: Date): DoctorCheck {
  if (now.getTime() < CLOCK_FLOOR) {
    return missing('clock', { finding: `it says ${now.toISOString()}`, cost: 'exceptions do not expire when they should, and events bear wrong times', remedy: 'timedatectl set-ntp true' });
  }
  if (files.exists('/run/systemd/timesync/synchronized')) return works('clock', 'synchronised by systemd-timesyncd');
  const daemon = [['/run/chrony/chronyd.pid', 'chronyd'], ['/run/chronyd.pid', 'chronyd'], ['/run/ntpd.pid', 'ntpd'], ['/var/run/ntpd.pid', 'ntpd']].find(([path = '']) => files.exists(path))?.[1];
  if (daemon !== undefined) return works('clock', `${daemon} runs`);
  return limited('clock', { finding: 'no one is known to synchronise it', cost: 'times of events may not agree with those of other hosts; settling and reminders do not depend on it', remedy: 'timedatectl set-ntp true' });
}
