import { describe, expect, it } from 'vitest';
import { checkConfiguration, checkPolicy, checkRegistry } from '../../src/doctor/check-inputs.ts';
import { checkCgroups, checkKernelEvents, checkNativeCalls, checkProtocols, checkPublishedPorts, checkReading, type SocketsRead } from '../../src/doctor/check-kernel.ts';
import { checkPidNamespace, checkPrivileges, checkProcesses, checkUserNamespace } from '../../src/doctor/check-privileges.ts';
import { checkClock, checkDaemon, checkJournal, checkService, checkSyslog, checkSystemd } from '../../src/doctor/check-service.ts';
import { checkMemory, checkStateDirectory } from '../../src/doctor/check-storage.ts';
import type { CheckState, DoctorCheck } from '../../src/model/doctor.ts';
import type { Gap } from '../../src/model/coverage.ts';
import { fakeHost } from './fake-host.ts';

/** The state, and whether a complete audit needs it. A lack always says what it costs. */
function stateOf(check: DoctorCheck): readonly [CheckState, boolean] {
  expect(check.finding).not.toBe('');
  expect(check.cost === null).toBe(check.state === 'ok' || check.state === 'not-applicable');
  return [check.state, check.needed];
}

const status = (uid: number, capabilities: string): string => `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapEff:\t${capabilities}\n`;
const ALL = '000001ffffffffff';
/** CAP_SYS_ADMIN alone, with CAP_DAC_OVERRIDE, and with CAP_SYS_PTRACE besides. */
const ADMIN = '0000000000200000';
const ADMIN_OVERRIDE_PTRACE = '0000000000280002';

describe('privileges', () => {
  it.each([
    ['root', 0, ALL, 'ok', 'root, with CAP_SYS_PTRACE'],
    ['CAP_DAC_OVERRIDE in the place of CAP_DAC_READ_SEARCH', 990, ADMIN_OVERRIDE_PTRACE, 'ok', 'uid 990, with'],
    ['root in a container', 0, ADMIN, 'missing', 'root, without CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH'],
    ['anyone', 1000, '0000000000000000', 'missing', 'uid 1000, without CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN'],
  ] as const)('of %s', (_who, uid, capabilities, state, finding) => {
    const check = checkPrivileges(fakeHost({ '/proc/self/status': status(uid, capabilities) }));
    expect(stateOf(check)).toEqual([state, state === 'missing']);
    expect(check.finding).toContain(finding);
    expect(check.remedy).toBe(state === 'ok' ? null : uid === 0 ? 'give the container or the unit CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH (--cap-add, CapabilityBoundingSet=)' : 'sudo portreeve audit --now');
  });

  it('are none where the system has no capabilities', () => {
    expect(checkPrivileges(fakeHost({})).state).toBe('not-applicable');
  });
});

describe('processes', () => {
  const mount = (options: string): string => `22 1 0:5 / /sys rw - sysfs sysfs rw,hidepid=2\n23 1 0:6 / /proc rw,nosuid - proc proc ${options}\n`;
  it.each([
    ['rw', '0', 'ok', 'all users'],
    ['rw,hidepid=0', '0', 'ok', 'all users'],
    ['rw,gid=27,hidepid=invisible', '0', 'missing', 'hidepid=invisible'],
    ['rw,hidepid=2', ALL, 'ok', 'sees through'],
  ] as const)('with /proc mounted %s and the capabilities %s are %s', (options, capabilities, state, finding) => {
    const check = checkProcesses(fakeHost({ '/proc/self/mountinfo': mount(options), '/proc/self/status': status(1000, capabilities) }));
    expect(stateOf(check)).toEqual([state, state === 'missing']);
    expect(check.finding).toContain(finding);
  });
});

describe('namespaces', () => {
  it('of processes', () => {
    expect(stateOf(checkPidNamespace(fakeHost({ '/proc/self/ns/pid': '-> pid:[4026531836]' })))).toEqual(['ok', false]);
    expect(stateOf(checkPidNamespace(fakeHost({ '/proc/self/ns/pid': '-> pid:[4026532444]' })))).toEqual(['missing', true]);
    expect(checkPidNamespace(fakeHost({})).state).toBe('not-applicable');
  });

  it('of users', () => {
    expect(stateOf(checkUserNamespace(fakeHost({ '/proc/self/uid_map': '         0          0 4294967295\n' })))).toEqual(['ok', false]);
    expect(stateOf(checkUserNamespace(fakeHost({ '/proc/self/uid_map': '         0       1000          1\n' })))).toEqual(['limited', false]);
    expect(checkUserNamespace(fakeHost({})).state).toBe('not-applicable');
  });
});

describe('a look at the sockets', () => {
  const gap = (code: Gap['code'], hides: Gap['hides']): Gap => ({ code, detail: `about ${code}`, count: 1, hides });
  const read = (...gaps: readonly Gap[]): SocketsRead => ({ source: 'netlink', ownersBy: 'proc', listeners: 23, gaps, otherNamespaces: 2, isRoot: false });

  it('that saw everything', () => {
    expect(checkReading(read()).map(({ name, state, finding }) => [name, state, finding])).toEqual([
      ['sockets', 'ok', '23 listeners, read over netlink'],
      ['owners', 'ok', 'every listener has a named owner, or is known to have none'],
      ['network-namespaces', 'ok', 'this one and 2 more, all read'],
    ]);
    expect(checkReading({ ...read(), ownersBy: 'bpf' })[1]?.finding).toBe('every listener has a named owner, or is known to have none; the kernel was asked, by a BPF program');
    expect(checkReading({ ...read(), listeners: 1, otherNamespaces: 0 }).map(({ finding }) => finding)).toEqual(['1 listener, read over netlink', expect.any(String), 'there is only this one']);
  });

  it('tells each gap where it belongs, the one that hides something first', () => {
    const checks = checkReading(read(gap('processes-unreadable', 'details'), gap('owners-unknown', 'owners'), gap('namespaces-skipped', 'listeners'), gap('source-fallback', 'details')));
    expect(checks.map((check) => [...stateOf(check), check.finding])).toEqual([
      ['limited', false, 'about source-fallback'],
      ['missing', true, 'about owners-unknown; and 1 more'],
      ['missing', true, 'about namespaces-skipped'],
    ]);
  });

  it('that failed', () => {
    expect(checkReading({ failure: 'no source of sockets works here' }).map((check) => [check.name, ...stateOf(check)])).toEqual([['sockets', 'missing', true]]);
  });
});

describe('the kernel', () => {
  it('has native calls, or does without', () => {
    expect(stateOf(checkNativeCalls(null))).toEqual(['ok', false]);
    expect(checkNativeCalls('the FFI package koffi cannot be loaded')).toMatchObject({ state: 'limited', finding: 'the FFI package koffi cannot be loaded' });
  });

  it('names the protocols that it has loaded, and those that can have no listener', () => {
    const check = checkProtocols(fakeHost({ '/proc/net/protocols': 'protocol  size\nMPTCP  2000\nTCP  2000\nUDP  1000\nRAW  900\n' }));
    expect(stateOf(check)).toEqual(['ok', false]);
    expect(check.finding).toBe('TCP, UDP, MPTCP, RAW; not loaded, and so without listeners: UDP-Lite, SCTP, DCCP');
    expect(stateOf(checkProtocols(fakeHost({})))).toEqual(['limited', false]);
  });

  it.each([['/sys/module/nf_nat/', ''], ['/proc/net/ip_tables_names', 'filter\nnat\n']])('with NAT (%s) publishes ports that no listener has', (path, text) => {
    expect(stateOf(checkPublishedPorts(fakeHost({ [path]: text })))).toEqual(['limited', false]);
  });

  it('without NAT does not', () => {
    expect(checkPublishedPorts(fakeHost({ '/proc/net/ip_tables_names': 'filter\n' })).state).toBe('not-applicable');
  });

  it('tells of events, or says why not and how to mend it', () => {
    expect(stateOf(checkKernelEvents(null))).toEqual(['ok', false]);
    expect(checkKernelEvents('tracefs is not mounted; mount it')).toMatchObject({ state: 'limited', remedy: 'mount -t tracefs nodev /sys/kernel/tracing' });
    expect(checkKernelEvents('the kernel is locked down')).toMatchObject({ state: 'limited', remedy: null });
  });

  it.each([['/sys/fs/cgroup/cgroup.controllers', 'ok', 'version 2'], ['/sys/fs/cgroup/systemd/', 'ok', 'version 1'], ['/sys/fs/', 'limited', 'no cgroups']] as const)('has cgroups by %s: %s', (path, state, finding) => {
    const check = checkCgroups(fakeHost({ [path]: '' }));
    expect(stateOf(check)).toEqual([state, false]);
    expect(check.finding).toContain(finding);
  });
});

describe('systemd', () => {
  const RUNS = { '/run/systemd/system/': '' };
  it('runs the system in a version that knows the unit\'s settings, or does not', () => {
    expect(checkSystemd(fakeHost({})).state).toBe('limited');
    expect(checkSystemd(fakeHost({ ...RUNS, '/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so': '' }))).toMatchObject({ state: 'ok', finding: 'version 252 runs this system' });
    expect(checkSystemd(fakeHost({ ...RUNS, '/lib/systemd/libsystemd-shared-241.so': '' }))).toMatchObject({ state: 'limited', finding: 'version 241 runs this system' });
    expect(checkSystemd(fakeHost(RUNS))).toMatchObject({ state: 'ok', finding: 'runs this system' });
  });

  it('has the service installed and active', () => {
    const installed = { ...RUNS, '/etc/systemd/system/portreeve.service': '[Unit]\n' };
    expect(checkService(fakeHost({})).state).toBe('not-applicable');
    expect(checkService(fakeHost(RUNS))).toMatchObject({ state: 'limited', remedy: 'sudo portreeve install-service' });
    expect(checkService(fakeHost(installed))).toMatchObject({ state: 'limited', remedy: 'sudo systemctl enable --now portreeve.service' });
    expect(checkService(fakeHost({ ...installed, '/sys/fs/cgroup/system.slice/portreeve.service/': '' })).state).toBe('ok');
    expect(checkService(fakeHost({ ...installed, '/run/systemd/units/invocation:portreeve.service': '-> 0123' })).state).toBe('ok');
  });

  it('has a journal, where there is systemd; and someone else takes syslog', () => {
    expect(checkJournal(fakeHost({ ...RUNS, '/run/systemd/journal/socket': '' })).state).toBe('ok');
    expect(stateOf(checkJournal(fakeHost(RUNS)))).toEqual(['limited', false]);
    expect(checkJournal(fakeHost({})).state).toBe('not-applicable');
    expect(checkSyslog(fakeHost({ '/dev/log': '' })).state).toBe('ok');
    expect(stateOf(checkSyslog(fakeHost({})))).toEqual(['limited', false]);
  });
});

describe('the daemon', () => {
  it('answers, or the reason and the remedy are told, without what could harm a terminal', () => {
    const status = { pid: 7, version: '0.1.0', state: 'running', kernelEvents: { mode: 'tracefs', detail: '', lost: 0 } } as unknown as Parameters<typeof checkDaemon>[0];
    expect(checkDaemon(status)).toMatchObject({ state: 'ok', finding: 'version 0.1.0, pid 7, is running; kernel events: tracefs' });
    expect(checkDaemon({ failure: 'a\x1b[31m', hint: 'start it' })).toMatchObject({ state: 'limited', finding: 'a\\x1b[31m', remedy: 'start it' });
    expect(checkDaemon(null).state).toBe('not-applicable');
  });
});

describe('the clock', () => {
  const NOW = new Date('2026-11-22T08:00:00Z');
  it.each([
    [{ '/run/systemd/timesync/synchronized': '' }, 'ok', 'synchronised by systemd-timesyncd'],
    [{ '/run/chrony/chronyd.pid': '7' }, 'ok', 'chronyd runs'],
    [{}, 'limited', 'no one is known to synchronise it'],
  ] as const)('with %j is %s', (files, state, finding) => {
    expect(checkClock(fakeHost(files), NOW)).toMatchObject({ state, finding, needed: false });
  });

  it('that was never set is told, whoever keeps it', () => {
    expect(checkClock(fakeHost({ '/run/systemd/timesync/synchronized': '' }), new Date(0))).toMatchObject({ state: 'missing', finding: 'it says 1970-01-01T00:00:00.000Z', needed: false });
  });
});

describe('the state directory', () => {
  it('can be written to, or made', () => {
    const files = fakeHost({ '/var/lib/portreeve/': '' });
    expect(checkStateDirectory(files, '/var/lib/portreeve', 1).finding).toMatch(/^\/var\/lib\/portreeve can be written to, with \d+ MiB left$/);
    expect(checkStateDirectory(files, '/var/lib/other/deep', 1).finding).toMatch(/can be made/);
  });

  it('without room for the event log, or closed, is told', () => {
    expect(stateOf(checkStateDirectory(fakeHost({}), '/var/lib/portreeve', 2 ** 60))).toEqual(['limited', false]);
    const closed = { ...fakeHost({}), refusesWriting: () => 'EROFS' };
    expect(checkStateDirectory(closed, '/var/lib/port\nreeve', 1)).toMatchObject({ state: 'limited', finding: '/var/lib/port\\nreeve cannot be written to (EROFS)' });
  });
});

describe('memory', () => {
  it.each([
    [{ '/proc/self/cgroup': '0::/system.slice/portreeve.service\n', '/sys/fs/cgroup/system.slice/portreeve.service/memory.max': '67108864\n' }, 'limited', 'only 64 MiB'],
    [{ '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': '268435456\n' }, 'ok', '256 MiB'],
    [{ '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': 'max\n' }, 'not-applicable', 'no limit'],
    [{ '/proc/self/cgroup': '9:memory:/b\n0::/\n', '/sys/fs/cgroup/memory/b/memory.limit_in_bytes': '1048576\n' }, 'limited', 'only 1 MiB'],
    [{ '/proc/self/cgroup': '9:memory:/b\n', '/sys/fs/cgroup/memory/b/memory.limit_in_bytes': '9223372036854771712\n' }, 'not-applicable', 'no limit'],
    [{}, 'not-applicable', 'no limit'],
  ] as const)('with %j is %s', (files, state, finding) => {
    const check = checkMemory(fakeHost(files));
    expect(stateOf(check)).toEqual([state, false]);
    expect(check.finding).toContain(finding);
  });
});

describe('what was written for portreeve', () => {
  const problem = { position: { file: '/etc/portreeve/rules.d/a.yaml', line: 3, column: 5 }, message: 'unknown key \x1b[2J', hint: null, level: 'error' } as const;

  it('is valid, or the first mistake is named by its place', () => {
    expect(checkConfiguration({ file: null, warnings: 0 })).toMatchObject({ state: 'ok', finding: 'there is none, and the defaults count' });
    expect(checkConfiguration({ file: '/etc/p.yaml', warnings: 2 }).state).toBe('limited');
    expect(checkConfiguration({ message: 'the configuration has 2 errors', hint: null, problems: [problem, problem] })).toMatchObject({ state: 'missing', needed: false, finding: '/etc/portreeve/rules.d/a.yaml:3: unknown key \\x1b[2J; and 1 more' });
    const unknown = new Map<string, string>();
    expect(checkPolicy({ rules: 81, exceptions: 4, warnings: 0, unknown })).toMatchObject({ state: 'ok', finding: '81 rules, 4 exceptions' });
    expect(stateOf(checkPolicy({ rules: 81, exceptions: 4, warnings: 1, unknown }))).toEqual(['limited', false]);
    expect(stateOf(checkPolicy({ rules: 0, exceptions: 0, warnings: 0, unknown }))).toEqual(['limited', false]);
    expect(checkPolicy({ rules: 81, exceptions: 4, warnings: 0, unknown: new Map([['exePackage', 'rpm keeps them']]) })).toMatchObject({ state: 'limited', finding: '81 rules, 4 exceptions, which ask for exePackage: rpm keeps them' });
    expect(stateOf(checkPolicy({ message: 'no', hint: null, problems: [] }))).toEqual(['missing', true]);
  });

  it('is as young as it should be', () => {
    const registry = { source: 'embedded', updated: '2026-02-13', ageDays: 180, maxAgeDays: 180 };
    expect(checkRegistry(registry)).toMatchObject({ state: 'ok', finding: 'of 2026-02-13, 180 days old (embedded)' });
    expect(checkRegistry({ ...registry, ageDays: 181 })).toMatchObject({ state: 'limited', remedy: 'sudo portreeve registry update' });
    expect(stateOf(checkRegistry({ message: 'not an official CSV', hint: null, problems: [] }))).toEqual(['missing', true]);
  });
});
