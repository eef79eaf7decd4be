import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForBpf } from './requirements.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

const PORT = 10_276;
/** More processes than it takes for the kernel to be asked without being told to. */
const CROWD = 150;
const WITHOUT_BPF = ['setpriv', '--bounding-set=-sys_admin,-bpf', '--inh-caps=-sys_admin,-bpf'];
/** A seccomp filter of one instruction, which lets everything pass: nobody can know that of it. */
const UNDER_A_FILTER = [
  PYTHON,
  '-c',
  `
import ctypes, os, struct, sys
code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 1, ctypes.addressof(code)))
if ctypes.CDLL(None).prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program))) != 0: sys.exit('no seccomp')
os.execv(sys.argv[1], sys.argv[1:])`,
];
/** In a PID namespace of its own, with its own /proc or still with that of the namespace around it. */
const DEEPER = ['unshare', '-p', '-m', '-f', '--kill-child', '--mount-proc'];
const DEEPER_UNDER_THE_OLD_PROC = ['unshare', '-p', '-f', '--kill-child'];

describeUnless(await missingForBpf(), 'owners by a BPF program', () => {
  let sandbox: Sandbox;
  let pid: number;

  beforeAll(async () => {
    sandbox = await openSandbox();
    ({ pid } = await sandbox.start<{ pid: number }>('listen.py', [String(PORT)]));
  });
  afterAll(() => sandbox.close());

  const onPort = ({ listeners }: AuditReport): AuditedListener => {
    const found = listeners.filter(({ port }) => port === PORT);
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const pids = (report: AuditReport) => onPort(report).owners.map((owner) => owner.pid);

  it('are those that /proc tells, and all that it tells of them', async () => {
    const [byProc, byBpf] = [await sandbox.audit(['--owners', 'proc']), await sandbox.audit(['--owners', 'bpf'])];
    expect(byBpf.coverage).toEqual({ ...byProc.coverage, owners: 'bpf' });
    expect(byBpf.listeners).toEqual(byProc.listeners);
    expect(pids(byBpf)).toEqual([pid]);
  });

  it('are not asked for with few processes unless told to: it takes as long as a walk', async () => {
    expect((await sandbox.audit()).coverage.owners).toBe('proc');
  });

  describe('with many processes', () => {
    beforeAll(async () => {
      await sandbox.start('listen.py', [], [PYTHON, '-c', `import os, sys\nfor _ in range(${CROWD}):\n  if os.fork() == 0: __import__("signal").pause()\nos.execv(sys.argv[1], sys.argv[1:])`]);
    });

    it('are asked for', async () => {
      const report = await sandbox.audit();
      expect(report.coverage).toMatchObject({ owners: 'bpf', complete: true });
      expect(pids(report)).toEqual([pid]);
    });

    it('are asked for by the doctor too, unless the configuration forbids it', async () => {
      const examine = async (owners: string) => (await sandbox.portreeve(['doctor', '--format', 'json'], ['sh', '-euc', `echo "version: 1\nscan: { owners: ${owners} }" >/run/wish.yaml; exec "$@" --config /run/wish.yaml`, 'sh'])).stdout;
      expect(await examine('auto')).toContain('the kernel was asked, by a BPF program');
      const forbidden = await examine('proc');
      expect(forbidden).toContain('every listener has a named owner');
      expect(forbidden).not.toContain('the kernel was asked');
    });

    it.each([
      ['the configuration forbids it', [], ['sh', '-c', 'echo "version: 1\nscan: { owners: proc }" >/run/proc.yaml; exec "$@" --config /run/proc.yaml', 'sh']],
      ['an option forbids it', ['--owners', 'proc'], []],
      ['the source makes no native calls', ['--source', 'procfs'], []],
      ['the capability is missing', [], WITHOUT_BPF],
      ['a seccomp filter may forbid it', [], UNDER_A_FILTER],
      ['/proc shows another PID namespace', [], DEEPER_UNDER_THE_OLD_PROC],
    ])('are read from /proc where %s', async (_why, args, before) => {
      const report = await sandbox.audit(args, before);
      expect(report.coverage.owners).toBe('proc');
      expect(pids(report)).toEqual([pid]);
    });
  });

  it.each([
    ['the capability is missing', WITHOUT_BPF, /CAP_BPF/],
    ['/proc shows another PID namespace', DEEPER_UNDER_THE_OLD_PROC, /another PID namespace/],
    ['it is root in a user namespace alone', ['unshare', '-U', '-r'], /bpf\(2\)\): EPERM/],
  ])('are an error where they were asked for and %s', async (_why, before, message) => {
    const { code, stdout, stderr } = await sandbox.portreeve(['audit', '--now', '--owners', 'bpf'], before);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--owners proc');
  });

  it('have the pids of the PID namespace that is asked in, and are not looked for outside of it', async () => {
    const listen = `${PYTHON} -uc "import socket, signal; opened = socket.create_server(('', 10277)); print('ready'); signal.pause()" >/run/deeper &`;
    const report = await sandbox.audit(['--owners', 'bpf'], [...DEEPER, 'sh', '-c', `${listen} until grep -q ready /run/deeper; do sleep 0.02; done; exec "$@"`, 'sh']);
    expect(report.listeners.find(({ port }) => port === 10_277)?.owners).toMatchObject([{ pid: 2, exe: expect.stringContaining('python') as string }]);
    expect(onPort(report)).toMatchObject({ owners: [], ownerNote: { code: 'outside-pid-namespace' } });
  });

  describe('of a process that root hid', () => {
    afterEach(async () => {
      await sandbox.run(['sh', '-c', `while umount /proc/${pid}/fd 2>/dev/null || umount /proc/${pid} 2>/dev/null; do :; done`]);
    });

    it.each([
      ['below an empty folder', () => `mkdir -p /run/empty && mount --bind /run/empty /proc/${pid}`],
      ["below another process's folder", () => `mount --bind /proc/1 /proc/${pid}`],
      [
        'below files that say what he likes, and lead to the socket',
        () => `mkdir -p /run/forged/fd; cp /proc/1/status /proc/1/cgroup /proc/1/cmdline /run/forged; sed 's/(.*)/(sshd)/' /proc/${pid}/stat >/run/forged/stat
          ln -sfn /usr/sbin/sshd /run/forged/exe; for fd in /proc/${pid}/fd/*; do ln -sfn "$(readlink $fd)" /run/forged/fd/$(basename $fd); done; mount --bind /run/forged /proc/${pid}`,
      ],
      ['below an empty folder over its descriptors', () => `mkdir -p /run/empty && mount --bind /run/empty /proc/${pid}/fd`],
    ])('%s are its pid and name, and a finding', async (_where, hide) => {
      expect(await sandbox.run(['sh', '-euc', hide()])).toMatchObject({ code: 0, stderr: '' });
      expect(onPort(await sandbox.audit(['--owners', 'proc']))).toMatchObject({ ownerKind: 'unknown', owners: [] });
      const listener = onPort(await sandbox.audit(['--owners', 'bpf']));
      expect(listener).toMatchObject({ ownerKind: 'process', owners: [{ pid, name: 'python3', exe: null, uid: null }], ownerNote: { code: 'concealed' } });
      expect(listener.ownerNote?.detail).toContain(`python3[${pid}]`);
      expect(listener.findings.map(({ rule }) => rule)).toContain('owner-concealed');
    });

    it('is shown with why no more is known of it', async () => {
      await sandbox.run(['sh', '-euc', `mkdir -p /run/empty && mount --bind /run/empty /proc/${pid}`]);
      const { stdout } = await sandbox.portreeve(['audit', '--now', '--owners', 'bpf']);
      expect(stdout).toContain(`python3[${pid}]`);
      expect(stdout.replace(/\s+/g, ' ')).toContain('which /proc does not show: something is mounted over its folder');
    });
  });
});
