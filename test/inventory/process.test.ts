import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parsePasswd } from '../../src/inventory/accounts.ts';
import { createProcessReader, parseCommandLine, parseEffectiveUid, parseProcessStat } from '../../src/inventory/process.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
beforeEach(() => {
  fake = createFakeProc();
});
afterEach(() => {
  fake.dispose();
});

const names = parsePasswd('root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\nother:x:33:33::/:/bin/false\nbroken\n:x:5:5\nneg:x:-1:\n');
const read = (pid: number) => createProcessReader(fake.proc, '/etc/passwd', (uid) => names.get(uid) ?? null).readOwner(pid)?.owner ?? null;

describe('reading a process', () => {
  it('gives name, executable, command line, effective uid, user, unit and start time', () => {
    fake.add({ pid: 40, name: 'nginx', uid: 33, commandLine: ['nginx', '-g', 'daemon off;'], startTicks: 150 });
    expect(read(40)).toEqual({
      pid: 40,
      name: 'nginx',
      exe: '/usr/sbin/nginx',
      exeDeleted: false,
      exeReplaced: false,
      exeForeign: false,
      commandLine: ['nginx', '-g', 'daemon off;'],
      script: null,
      uid: 33,
      user: 'www-data',
      unit: 'test.service',
      innerUnit: null,
      container: null,
      startedAt: '2023-11-14T22:13:21.500Z',
    });
  });

  it('takes the name from between the outermost parentheses', () => {
    fake.add({ pid: 41, name: ') S 1 (evil) R' });
    expect(read(41)?.name).toBe(') S 1 (evil) R');
  });

  it('is null for a process that has left', () => {
    expect(read(42)).toBeNull();
  });

  it('does not call a user of a container by the name of a user of the host', () => {
    const cgroup = `0::/docker/${'a'.repeat(64)}\n`;
    fake.add({ pid: 43, name: 'postgres', uid: 33, cgroup });
    fake.add({ pid: 44, name: 'postgres', uid: 0, cgroup });
    expect(read(43)).toMatchObject({ uid: 33, user: null, container: 'a'.repeat(64) });
    expect(read(44)).toMatchObject({ uid: 0, user: 'root' });
  });

  it('does not call a user of another root by the name of a user of the host', () => {
    const accounts = join(fake.root, 'passwd');
    writeFileSync(accounts, '');
    const readWith = (pid: number) => createProcessReader(fake.proc, accounts, (uid) => names.get(uid) ?? null).readOwner(pid)?.owner.user;
    fake.add({ pid: 50, name: 'chronyd', uid: 33 });
    expect(readWith(50)).toBe('www-data');
    const root = join(fake.root, 'image');
    mkdirSync(join(root, fake.root), { recursive: true });
    writeFileSync(join(root, accounts), '');
    fake.add({ pid: 51, name: 'chronyd', uid: 33, root });
    fake.add({ pid: 52, name: 'chronyd', uid: 0, root });
    expect(readWith(51)).toBeNull();
    expect(readWith(52)).toBe('root');
  });

  it.runIf(process.platform === 'linux')('tells a deleted executable from one that an upgrade replaced', async () => {
    const program = join(fake.root, 'program');
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o755);
    const child = spawn(program, ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const facts = () => createProcessReader('/proc', '/etc/passwd', () => null).readOwner(child.pid!)?.owner;
    try {
      expect(facts()).toMatchObject({ exe: program, exeDeleted: false, exeReplaced: false, exeForeign: false });
      rmSync(program);
      expect(facts()).toMatchObject({ exe: program, exeDeleted: true, exeReplaced: false });
      writeFileSync(program, '', { mode: 0o755 });
      expect(facts(), 'an empty file is no upgrade').toMatchObject({ exeDeleted: true, exeReplaced: false });
      writeFileSync(program, 'a new version');
      expect(facts()).toMatchObject({ exe: program, exeDeleted: true, exeReplaced: true, exeForeign: false });
      chmodSync(program, 0o644);
      expect(facts(), 'nor is one that cannot run').toMatchObject({ exeDeleted: true, exeReplaced: false });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('does not take a file that is called "... (deleted)" for a deleted one', () => {
    const odd = join(fake.root, 'server (deleted)');
    writeFileSync(odd, '');
    fake.add({ pid: 46, name: 'server', exe: odd });
    expect(read(46)).toMatchObject({ exe: odd, exeDeleted: false, exeReplaced: false });
  });

  describe('a process that did not run', () => {
  const reader = () => createProcessReader(fake.proc, '/etc/passwd', (uid) => names.get(uid) ?? null);
  const nginx = { pid: 40, name: 'nginx', uid: 33 };
  const isStill = (change: () => void): boolean => {
    fake.add(nginx);
    const before = reader().readOwner(40);
    if (before === null) throw new Error('not read');
    change();
    return reader().isStill(before);
  };

  it('is as it was where nobody changed anything', () => {
    expect(isStill(() => undefined)).toBe(true);
  });

  it.each<readonly [string, () => void]>([
    ['was put in another cgroup', () => { writeFileSync(join(fake.proc, '40/cgroup'), '0::/system.slice/other.service\n'); }],
    ['has lost its file', () => { rmSync(join(fake.proc, '40/exe')); symlinkSync('/usr/sbin/nginx (deleted)', join(fake.proc, '40/exe')); }],
    ['may not be looked into any more', () => { rmSync(join(fake.proc, '40/exe')); }],
    ['has left', () => { fake.remove(40); }],
  ])('is not where it %s', (_what, change) => {
    expect(isStill(change)).toBe(false);
  });

  it('is not where its user has another name now', () => {
    fake.add(nginx);
    const before = reader().readOwner(40);
    if (before === null) throw new Error('not read');
    expect(createProcessReader(fake.proc, '/etc/passwd', () => 'web').isStill(before)).toBe(false);
  });

  it('is looked at anew where its file was deleted: another may stand there now', () => {
    fake.add({ ...nginx, exe: '/usr/sbin/nginx (deleted)' });
    const before = reader().readOwner(40);
    if (before === null) throw new Error('not read');
    expect(reader().isStill(before)).toBe(false);
  });
});

describe('in a user namespace of its own, where anyone can mount anything', () => {
    const users = (pid: number, inode: number) => {
      mkdirSync(join(fake.proc, `${pid}/ns`), { recursive: true });
      symlinkSync(`user:[${inode}]`, join(fake.proc, `${pid}/ns/user`));
    };
    beforeEach(() => {
      symlinkSync('user:[1]', join(fake.proc, 'self/ns/user'));
    });

    it('does not take an executable for the one at that path here unless it is', () => {
      const file = join(fake.root, 'sshd');
      writeFileSync(file, 'here', { mode: 0o755 });
      fake.add({ pid: 60, name: 'sshd', exe: file });
      users(60, 2);
      expect(read(60)).toMatchObject({ exe: file, exeForeign: false });
      fake.add({ pid: 62, name: 'sshd', exe: join(fake.root, 'nowhere') });
      users(62, 2);
      expect(read(62)?.exeForeign).not.toBe(false);
    });

    it('never vouches for a deleted one', () => {
      fake.add({ pid: 63, name: 'sshd', exe: `${join(fake.root, 'gone')} (deleted)` });
      users(63, 2);
      expect(read(63)).toMatchObject({ exeDeleted: true, exeReplaced: false, exeForeign: true });
    });

    it('is believed where root alone can have mounted something', () => {
      fake.add({ pid: 64, name: 'sshd', exe: join(fake.root, 'elsewhere') });
      users(64, 1);
      expect(read(64)).toMatchObject({ exeForeign: false });
    });
  });

  describe('from inside a sandbox, which shows other files than the first process sees', () => {
    const host = () => join(fake.root, 'host');
    /** A file of this host, which the sandbox does not show. */
    const onHost = (path: string, from: string) => {
      mkdirSync(dirname(host() + path), { recursive: true });
      linkSync(from, host() + path);
    };
    beforeEach(() => {
      fake.add({ pid: 1, name: 'systemd', root: host() });
      mkdirSync(host());
      for (const [pid, inode] of [['self', 1], ['70', 2]] as const) {
        mkdirSync(join(fake.proc, pid, 'ns'), { recursive: true });
        symlinkSync(`user:[${inode}]`, join(fake.proc, pid, 'ns/user'));
      }
    });

    it('takes the files of the first process for those of the host', () => {
      const file = join(fake.root, 'licd');
      writeFileSync(file, 'program', { mode: 0o755 });
      fake.add({ pid: 70, name: 'licd', exe: file });
      expect(read(70)).toMatchObject({ exe: file, exeForeign: true });
      onHost(file, file);
      expect(read(70)).toMatchObject({ exe: file, exeForeign: false });
    });

    it('finds there what replaced a deleted one', () => {
      const file = join(fake.root, 'licd');
      writeFileSync(`${file} (deleted)`, 'program', { mode: 0o755 });
      fake.add({ pid: 71, name: 'licd', exe: `${file} (deleted)`, root: host() });
      expect(read(71)).toMatchObject({ exe: file, exeDeleted: true, exeReplaced: false });
      writeFileSync(join(fake.root, 'new'), 'upgrade', { mode: 0o755 });
      onHost(file, join(fake.root, 'new'));
      expect(read(71)).toMatchObject({ exe: file, exeDeleted: true, exeReplaced: true });
    });
  });

  it('takes no file of another owner for an upgrade', () => {
    const path = '/usr/bin/env';
    fake.add({ pid: 65, name: 'env', exe: `${path} (deleted)` });
    expect(read(65)).toMatchObject({ exe: path, exeDeleted: true, exeReplaced: false });
  });

  it('reads no more of a command line than it shows', () => {
    fake.add({ pid: 61, name: 'long', commandLine: ['long', 'x'.repeat(1_000_000)] });
    expect(read(61)?.commandLine?.join(' ')).toHaveLength(4096);
  });

  it('names the script of an interpreter, from the folder in which it works', () => {
    fake.add({ pid: 62, name: 'python3', exe: '/usr/bin/python3.11', commandLine: ['python3', 'x.py'], cwd: '/tmp/work' });
    expect(read(62)?.script).toBe('/tmp/work/x.py');
    fake.add({ pid: 63, name: 'python3', exe: '/usr/bin/python3.11', commandLine: ['python3', 'x.py'] });
    expect(read(63)?.script, 'the folder cannot be read').toBeNull();
  });

  it('knows a memfd', () => {
    fake.add({ pid: 47, name: '3', exe: '/memfd:payload (deleted)' });
    expect(read(47)).toMatchObject({ exe: '/memfd:payload', exeDeleted: true, exeReplaced: false });
  });

  it('says nothing of an executable that it may not see', () => {
    fake.add({ pid: 48, name: 'secret', exe: null });
    expect(read(48)).toMatchObject({ exe: null, exeDeleted: null, exeReplaced: null });
  });
});

describe('the text of /proc', () => {
  it('needs a start time in a stat line', () => {
    expect(parseProcessStat('1 (a) S 0')).toBeNull();
    expect(parseProcessStat('nothing')).toBeNull();
    expect(parseProcessStat(')(')).toBeNull();
  });

  it('knows a thread of the kernel by its flag', () => {
    const stat = (flags: number) => parseProcessStat(`9 (kworker/0:1) I 2 0 0 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 29 0 0`);
    expect(stat(69_238_880)?.isKernelThread).toBe(true);
    expect(stat(4_194_560)?.isKernelThread).toBe(false);
  });

  it('gives the effective uid, not the real one', () => {
    expect(parseEffectiveUid('Name:\tsu\nUid:\t1000\t0\t0\t0\n')).toBe(0);
    expect(parseEffectiveUid('Uid: x')).toBeNull();
  });

  it('splits a command line at NULs and keeps one that was rewritten whole', () => {
    expect(parseCommandLine('sshd: alice [priv]\0\0\0')).toEqual(['sshd: alice [priv]']);
    expect(parseCommandLine('nc\0\0-l\0')).toEqual(['nc', '', '-l']);
  });

  it('keeps the first name of a uid, and no broken line', () => {
    expect([...names]).toEqual([
      [0, 'root'],
      [33, 'www-data'],
    ]);
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        parseEffectiveUid(text);
        parsePasswd(text);
        parseCommandLine(text);
        const stat = parseProcessStat(text);
        return stat === null || Number.isSafeInteger(stat.startTicks);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    );
  });
});
