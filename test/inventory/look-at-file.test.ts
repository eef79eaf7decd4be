import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileViewer, isUnasked, type Sight } from '../../src/inventory/look-at-file.ts';

let base = '';
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'portreeve-look-')));
  mkdirSync(join(base, 'self'));
  mkdirSync(join(base, 'first'));
  write('first', realTable());
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

const realTable = () => readFileSync('/proc/self/mountinfo', 'utf8');
const write = (folder: string, table: string) => {
  writeFileSync(join(base, folder, 'mountinfo'), table);
};
/** The real table, in which what is mounted on /proc is said to be something else: no file there but /proc itself is asked, so any will do. */
const withProcAs = (type: string, options: string) => realTable().replace(/^(\d+ .* \/proc .*) - proc \S+ \S+$/m, `$1 - ${type} none ${options}`);
const viewer = (root = '') => createFileViewer({ proc: base, first: join(base, 'first'), root });
const typeOf = (sight: Sight) => (isUnasked(sight) ? (sight.unasked?.type ?? 'unknown') : null);

/** Where /proc/self tells of our descriptors. */
describe.runIf(existsSync('/proc/self/fdinfo'))('looking at a file that somebody else chose', () => {
  it('gives what stat(2) gives, links in the middle and at the end followed', () => {
    mkdirSync(join(base, 'folder/deep'), { recursive: true });
    writeFileSync(join(base, 'folder/deep/file'), 'text');
    symlinkSync('folder/deep', join(base, 'relative'));
    symlinkSync(join(base, 'relative'), join(base, 'absolute'));
    symlinkSync('../relative/./../deep//file', join(base, 'folder/up'));
    const { ino, dev } = statSync(join(base, 'folder/deep/file'));
    for (const path of ['folder/deep/file', 'relative/file', 'absolute/file', 'folder/up', 'folder/deep/../../folder/up']) {
      expect(viewer().lookOnHost(join(base, path)), path).toMatchObject({ ino, dev, size: 4 });
    }
    expect(viewer().realPath(join(base, 'absolute/'))).toBe(join(base, 'folder/deep'));
    expect(viewer().look(join(base, 'relative'), '')).toMatchObject({ ino: statSync(join(base, 'folder/deep')).ino });
  });

  it('gives nothing for what is not there, leads in a circle, or goes on behind a file', () => {
    symlinkSync('circle', join(base, 'circle'));
    writeFileSync(join(base, 'file'), '');
    for (const path of ['nothing', 'circle', 'file/more', 'x'.repeat(300), 'a\0b']) expect(viewer().lookOnHost(`${base}/${path}`), path).toBeNull();
  });

  it('does not leave the root that it was given', () => {
    mkdirSync(join(base, 'root/etc'), { recursive: true });
    writeFileSync(join(base, 'root/etc/passwd'), 'own');
    symlinkSync('/etc/passwd', join(base, 'root/link'));
    const { ino } = statSync(join(base, 'root/etc/passwd'));
    for (const path of ['/etc/passwd', '/link', '/../../etc/../../etc/passwd']) expect(viewer(join(base, 'root')).lookOnHost(path), path).toMatchObject({ ino });
  });

  it('asks nothing of a file on a file system that may wait, however the path leads there', () => {
    symlinkSync('/proc', join(base, 'link'));
    for (const path of ['/proc/version', `${base}/link/version`, '/proc', '/proc/../etc/passwd']) {
      expect(viewer().lookOnHost(path), path).toMatchObject({ unasked: { type: 'proc' }, isOfHost: true });
    }
    expect(viewer().realPath(`${base}/link/`)).toBeNull();
    expect(viewer().look('/proc', 'version')).toMatchObject({ unasked: { type: 'proc' } });
  });

  it('goes by the type of the mount', () => {
    for (const type of ['nfs4', 'fuse.sshfs', 'autofs']) {
      write('first', withProcAs(type, 'rw'));
      expect(typeOf(viewer().lookOnHost('/proc/version')), type).toBe(type);
    }
    write('first', withProcAs('ext4', 'rw'));
    expect(viewer().lookOnHost('/proc/version')).toMatchObject({ ino: statSync('/proc/version').ino });
  });

  it('finds the mount in the table of the host, ours or that of the process, and asks none that no table has', () => {
    write('first', realTable().replaceAll(/^.* - proc .*\n/gm, ''));
    expect(viewer().look('/proc', 'version', join(base, 'process'))).toEqual({ unasked: null, isOfHost: false });
    mkdirSync(join(base, 'process'));
    write('process', realTable());
    expect(viewer().look('/proc', 'version', join(base, 'process'))).toMatchObject({ unasked: { type: 'proc' }, isOfHost: false });
    write('process', withProcAs('xfs', 'rw'));
    expect(viewer().look('/proc', 'version', join(base, 'process'))).toMatchObject({ ino: statSync('/proc/version').ino });
    write('self', realTable());
    expect(viewer().look('/proc', 'version')).toMatchObject({ unasked: { type: 'proc' }, isOfHost: false });
  });

  it('asks an overlay whose layers may all be asked, and which the host itself sees', () => {
    const seen = (table: string) => {
      write('first', table);
      return typeOf(viewer().lookOnHost('/proc/version'));
    };
    expect(seen(withProcAs('overlay', `rw,lowerdir=${base}/first:${base}/self,upperdir=${base}`))).toBeNull();
    expect(seen(withProcAs('overlay', `rw,lowerdir=${base}/first:${base}/nowhere`))).toBe('overlay');
    expect(seen(withProcAs('overlay', 'rw,lowerdir=/proc/self'))).toBe('overlay');
    expect(seen(withProcAs('overlay', 'rw,lowerdir=l/A'))).toBe('overlay');
    write('self', withProcAs('overlay', `rw,lowerdir=${base}`));
    write('first', realTable().replaceAll(/^.* - proc .*\n/gm, ''));
    expect(typeOf(viewer().lookOnHost('/proc/version')), 'of a namespace of its own').toBe('overlay');
  });

  it('gives up on a path that leads on and on', () => {
    mkdirSync(join(base, 'd'));
    symlinkSync('d/..'.concat('/d/..'.repeat(400)), join(base, 'long'));
    expect(typeOf(viewer().lookOnHost(`${base}/long/long/long/first`))).toBe('unknown');
  });

  it('leaves no descriptor open', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let time = 0; time < 50; time += 1) {
      for (const path of ['/etc/passwd', '/nowhere/at/all', '/proc/version', `${base}/first/mountinfo`]) viewer().lookOnHost(path);
    }
    expect(count()).toBe(before);
  });
});
