import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

const LISTEN = '/run/portreeve/test/system/fixtures/listen.py';
/** What stands on the file system, by the port that it listens on. */
const PORTS = { program: 1101, deleted: 1102, replaced: 1103, script: 1104, ownUsers: 1105, root: 1106, link: 1107, foreign: 1108 };
/** A policy that asks for the packages of executables has their files compared once more. */
const RULES = 'version: 1\nrules:\n  - { id: unpackaged, title: A program of no package, severity: notice, match: { exePackage: none } }\n';

/**
 * Programs, scripts and a root folder on a file system of FUSE (Debian's package bindfs) whose server is stopped: whoever asks it
 * waits for good, as for a server of NFS that has gone. It ends with the sandbox, whose first process takes the server along.
 */
describeUnless(missingForSandbox(['bindfs']), 'programs on a file system that does not answer', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon | undefined;
  let answering: AuditReport;

  beforeAll(async () => {
    sandbox = await openSandbox();
    await sandbox.run(['sh', '-euc', `
      mkdir -p /run/disk/etc /run/fuse /run/one /run/two
      cp /etc/passwd /run/disk/etc
      for name in program deleted replaced own; do cp "$(readlink -f /usr/bin/python3)" "/run/disk/$name"; done
      cp "$(readlink -f /usr/bin/python3)" /run/one/link
      cp ${LISTEN} /run/disk/script.py
      bindfs /run/disk /run/fuse`]);
    writeFileSync(join(sandbox.root, 'run/rules.yaml'), RULES);
    const start = (command: readonly string[]) => sandbox.spawn(['sh', '-c', 'cd "$0" && exec "$@"', '/run/fuse', ...command]);
    start(['./program', LISTEN, String(PORTS.program)]);
    start(['/run/fuse/deleted', LISTEN, String(PORTS.deleted)]);
    start(['/run/fuse/replaced', LISTEN, String(PORTS.replaced)]);
    start([PYTHON, 'script.py', String(PORTS.script)]);
    start(['unshare', '-U', '-r', '-m', '/run/fuse/own', LISTEN, String(PORTS.ownUsers)]);
    start(['/run/one/link', LISTEN, String(PORTS.link)]);
    // What it sees at the path of another program of this host.
    start(['unshare', '-U', '-r', '-m', 'sh', '-c', `mount --bind /run/fuse/own /usr/bin/env && exec /usr/bin/env ${LISTEN} ${PORTS.foreign}`]);
    await sandbox.start('listen-in-root.py', [String(PORTS.root), '/run/fuse']);
    await until('all listeners', async () => Object.values(PORTS).every((port) => listening.includes(`:${port} `), (listening = (await sandbox.run(['ss', '-Htln'])).stdout)));
    // The path of one that was deleted from a disk of the host leads to the file system that hangs.
    await sandbox.run(['sh', '-euc', 'rm /run/fuse/deleted /run/fuse/replaced; cp /bin/true /run/fuse/replaced; rm /run/one/link; rmdir /run/one; ln -s fuse /run/one; cp /bin/true /run/fuse/link']);
    answering = await audit();
  });
  afterAll(async () => {
    await daemon?.close();
    await sandbox.close();
  });

  let listening = '';
  const hang = (isHanging: boolean) => sandbox.run(['pkill', isHanging ? '-STOP' : '-CONT', '-x', 'bindfs']);
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let waited = 0; !(await isSo()); waited += 1) {
      if (waited > 120) throw new Error(`${what}: not within a minute`);
      await pause(0.5);
    }
  };
  const audit = async (args: readonly string[] = []): Promise<AuditReport> => {
    const { code, stdout, stderr } = await sandbox.portreeve(['audit', '--now', '--format', 'json', '--rules', '/run/rules.yaml', ...args], [], { seconds: 60 });
    // Of the deleted programs.
    expect(code, stderr).toBe(1);
    return JSON.parse(stdout) as AuditReport;
  };
  const ownersOf = ({ listeners }: AuditReport) =>
    Object.fromEntries(listeners.map(({ port, owners: [owner] }): [string, unknown] => [String(port), owner && { exe: owner.exe, deleted: owner.exeDeleted, replaced: owner.exeReplaced, foreign: owner.exeForeign, user: owner.user, package: owner.exePackage }]));

  it('are named by an audit, which ends, and says what it did not ask', async () => {
    await hang(true);
    const report = await audit();
    const file = { deleted: false, replaced: false, foreign: false, user: 'root', package: null };
    expect(ownersOf(report)).toMatchObject({
      [PORTS.program]: { ...file, exe: '/run/fuse/program' },
      [PORTS.deleted]: { ...file, exe: '/run/fuse/deleted', deleted: true },
      [PORTS.replaced]: { ...file, exe: '/run/fuse/replaced', deleted: true },
      [PORTS.script]: { ...file, exe: expect.stringContaining('/usr/bin/python3') as string, package: expect.stringContaining('python3') as string },
      [PORTS.ownUsers]: { ...file, exe: '/run/fuse/own', foreign: null },
      [PORTS.root]: { user: null, package: undefined },
      [PORTS.link]: { ...file, exe: '/run/one/link', deleted: true },
      [PORTS.foreign]: { exe: '/usr/bin/env', foreign: true, package: null },
    });
    expect(report.listeners.find(({ port }) => port === PORTS.script)?.owners[0]?.script).toBe('/run/fuse/script.py');
    const gap = report.coverage.gaps.find(({ code }) => code === 'files-unasked');
    expect(gap).toMatchObject({ hides: 'details', count: 5, detail: expect.stringContaining('on fuse') as string });
    expect(report.coverage.complete).toBe(true);
  });

  it('are judged the same whether it answers or not: it is not asked in either case', async () => {
    expect(ownersOf(await audit())).toEqual(ownersOf(answering));
    expect(ownersOf(await audit(['--source', 'procfs']))).toEqual(ownersOf(answering));
  });

  it('keep no daemon from starting, looking and sweeping', async () => {
    daemon = await startDaemon(sandbox);
    const { listeners, scan } = await daemon.status();
    expect(listeners.total).toBe(Object.values(PORTS).length);
    await sandbox.start('listen.py', ['10276']);
    await daemon.next('the alert of a listener elsewhere', ({ kind, listener }) => kind === 'opened' && listener?.port === 10276, 30);
    await until('a sweep', async () => (await daemon?.status())?.scan.lastSweepAt !== scan.lastSweepAt);
    expect((await daemon.status()).coverage?.gaps.map(({ code }) => code)).toContain('files-unasked');
    await daemon.restart('SIGKILL');
  });

  it('are watched for what becomes of them when it answers again', async () => {
    await hang(false);
    await sandbox.run(['rm', '/run/fuse/program']);
    const alert = await daemon?.next('the alert of the deleted program', ({ listener }) => listener?.port === PORTS.program && listener.findings.some(({ rule }) => rule === 'exe-deleted-exposed'), 50);
    expect(alert?.listener?.owners[0]).toMatchObject({ exe: '/run/fuse/program', exeDeleted: true });
  });
});
