import { copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDiversions } from '../../src/inventory/dpkg-files.ts';
import { explainUnknownPackages, namePackages } from '../../src/inventory/name-packages.ts';
import type { Owner } from '../../src/model/listener.ts';
import { sampleListener, sampleOwner } from '../policy/sample-listener.ts';

const RPM_FIXTURE = join(import.meta.dirname, '../fixtures/rpm/rpmdb.sqlite');

let base = '';
let root = '';
let proc = '';
let nextPid = 1000;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'portreeve-packages-'));
  root = join(base, 'root');
  proc = join(base, 'proc');
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  mkdirSync(proc);
  symlinkSync('/proc/self', join(proc, 'self'));
  symlinkSync('usr/bin', join(root, 'bin'));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function put(path: string, text = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function list(name: string, ...paths: string[]): void {
  put(`var/lib/dpkg/info/${name}.list`, ['/.', ...paths].map((path) => `${path}\n`).join(''));
}

/** A process that runs the file at `exe`; `from`: another root than the host's. */
function run(exe: string, changes: Partial<Owner> = {}, from = root): Owner {
  const pid = nextPid++;
  mkdirSync(join(proc, String(pid)));
  symlinkSync(from, join(proc, String(pid), 'root'));
  symlinkSync(join(from, exe), join(proc, String(pid), 'exe'));
  return sampleOwner({ pid, exe, ...changes });
}

function packageOf(owner: Owner): string | null | undefined {
  const [listener] = namePackages([sampleListener({ owners: [owner] })], { root, proc });
  return listener?.owners[0]?.exePackage;
}

describe('the package of an executable', () => {
  beforeEach(() => {
    put('usr/bin/tool', 'x');
    list('tools:amd64', '/usr', '/usr/bin', '/usr/bin/tool');
  });

  it('is found by its path, without the architecture', () => {
    expect(packageOf(run('/usr/bin/tool'))).toBe('tools');
  });

  it('is none for a file that no list has, one of the same name included', () => {
    put('opt/tool', 'x');
    expect(packageOf(run('/opt/tool'))).toBeNull();
  });

  it('is found where the list has the folder by the name of a link', () => {
    put('usr/bin/old', 'x');
    list('older', '/bin/old');
    expect(packageOf(run('/usr/bin/old'))).toBe('older');
  });

  it('is none for a file in memory, whatever it calls itself', () => {
    expect(packageOf(run('/memfd:/usr/bin/tool', { exeDeleted: true }))).toBeNull();
  });

  it('is still that of the path for a file that an upgrade replaced', () => {
    expect(packageOf(run('/usr/bin/tool', { exeDeleted: true, exeReplaced: true }))).toBe('tools');
  });

  it('is not told for a process with a root of its own', () => {
    const other = join(base, 'container');
    mkdirSync(join(other, 'usr/bin'), { recursive: true });
    writeFileSync(join(other, 'usr/bin/tool'), 'y');
    expect(packageOf(run('/usr/bin/tool', {}, other))).toBeUndefined();
  });

  it('is not told for a process that has left, or whose executable is not known', () => {
    expect(packageOf(sampleOwner({ pid: 4_000_000, exe: '/usr/bin/tool' }))).toBeUndefined();
    expect(packageOf(run('/usr/bin/tool', { exe: null }))).toBeUndefined();
  });

  it('is none where another file hides behind the path by a mount of its own', () => {
    const owner = run('/usr/bin/tool');
    writeFileSync(join(base, 'other'), 'z');
    unlinkSync(join(proc, String(owner.pid), 'exe'));
    symlinkSync(join(base, 'other'), join(proc, String(owner.pid), 'exe'));
    expect(packageOf(owner)).toBeNull();
  });

  it('heeds diversions: the package that diverted keeps the place, the others move', () => {
    put('usr/bin/sh', 'x');
    put('usr/bin/sh.distrib', 'x');
    put('usr/bin/perf', 'x');
    put('usr/bin/perf.local', 'x');
    list('bash', '/bin/sh');
    list('dash', '/bin/sh');
    list('linux-perf', '/usr/bin/perf');
    put('var/lib/dpkg/diversions', '/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/perf\n/usr/bin/perf.local\n:\n');
    expect(packageOf(run('/usr/bin/sh'))).toBe('dash');
    expect(packageOf(run('/usr/bin/sh.distrib'))).toBe('bash');
    expect(packageOf(run('/usr/bin/perf'))).toBeNull();
    expect(packageOf(run('/usr/bin/perf.local'))).toBe('linux-perf');
  });

  it('is that of the path where two names lead to one file', () => {
    linkSync(join(root, 'usr/bin/tool'), join(root, 'usr/bin/alias'));
    expect(packageOf(run('/usr/bin/alias'))).toBeNull();
  });

  it('is unknown, not none, where rpm has a database too or a list cannot be read', () => {
    put('opt/other', 'x');
    mkdirSync(join(root, 'var/lib/dpkg/info/broken.list'));
    expect(packageOf(run('/opt/other'))).toBeUndefined();
    rmSync(join(root, 'var/lib/dpkg/info/broken.list'), { recursive: true });
    expect(packageOf(run('/opt/other'))).toBeNull();
    put('var/lib/rpm/rpmdb.sqlite', 'x');
    expect(packageOf(run('/opt/other'))).toBeUndefined();
    expect(packageOf(run('/usr/bin/tool'))).toBe('tools');
  });
});

describe('a host without dpkg', () => {
  it('leaves every package unknown', () => {
    put('usr/bin/tool', 'x');
    expect(packageOf(run('/usr/bin/tool'))).toBeUndefined();
  });

  it('is asked by its rpm database, and where that cannot be read leaves every package unknown', () => {
    for (const path of ['usr/bin/old-shell', 'usr/sbin/tiny-httpd', 'opt/other', 'var/lib/rpm/rpmdb.sqlite']) put(path, 'x');
    const asked = ['/usr/bin/old-shell', '/usr/sbin/tiny-httpd', '/opt/other'];
    expect(asked.map((exe) => packageOf(run(exe)))).toEqual([undefined, undefined, undefined]);
    copyFileSync(RPM_FIXTURE, join(root, 'var/lib/rpm/rpmdb.sqlite'));
    expect(asked.map((exe) => packageOf(run(exe)))).toEqual(['old-shell', 'tiny-httpd', null]);
    put('var/lib/rpm/rpmdb.sqlite-wal', 'x');
    expect(asked.map((exe) => packageOf(run(exe)))).toEqual([undefined, undefined, undefined]);
  });
});

describe('why packages are not known', () => {
  it('is said for each host on which they are not, or not of every file', () => {
    expect(explainUnknownPackages({ root, proc })).toBe('there is no database of dpkg or rpm on this host');
    put('usr/lib/sysimage/rpm/Packages.db', 'x');
    expect(explainUnknownPackages({ root, proc })).toBe('rpm keeps the packages of this host in a database that is not SQLite, which portreeve cannot read');
    rmSync(join(root, 'usr/lib/sysimage'), { recursive: true });
    put('var/lib/rpm/rpmdb.sqlite', 'x');
    expect(explainUnknownPackages({ root, proc })).toBe('the database of rpm cannot be read: it ends early');
    copyFileSync(RPM_FIXTURE, join(root, 'var/lib/rpm/rpmdb.sqlite'));
    expect(explainUnknownPackages({ root, proc })).toBeNull();
    list('tools', '/usr/bin/tool');
    expect(explainUnknownPackages({ root, proc })).toMatch(/^beside that of dpkg this host has a database of rpm/);
    rmSync(join(root, 'var/lib/rpm'), { recursive: true });
    expect(explainUnknownPackages({ root, proc })).toBeNull();
  });
});

describe('the file of diversions', () => {
  it('is read in threes, a torn end left out', () => {
    expect([...parseDiversions('/a\n/b\np\n/c\n/d\n')]).toEqual([['/a', { to: '/b', by: 'p' }]]);
    expect([...parseDiversions('')]).toEqual([]);
  });
});
