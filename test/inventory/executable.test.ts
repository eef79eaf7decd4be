import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExecutable } from '../../src/inventory/executable.ts';
import type { FileViewer, Sight, Unasked } from '../../src/inventory/look-at-file.ts';

const FUSE = { id: 7, device: '0:70', type: 'fuse.sshfs', options: 'rw' };
const HERE: Unasked = { unasked: FUSE, isOfHost: true };
const ELSEWHERE: Unasked = { unasked: FUSE, isOfHost: false };
const NOWHERE: Unasked = { unasked: null, isOfHost: false };
/** A program of root's. */
const file = (ino: number): Stats => Object.assign(statSync(folder), { dev: 1, ino, uid: 0, mode: 0o100_755, size: 1 });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-executable-'));
  mkdirSync(join(folder, 'ns'));
  symlinkSync('mnt:[1]', join(folder, 'ns/mnt'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What is told of a program: `running` is seen behind the link, `onHost` at each path of the host. */
function judge(target: string, running: Sight, onHost: Readonly<Record<string, Sight>> = {}, users = 'user:[1]') {
  symlinkSync(users, join(folder, 'ns/user'));
  const asked: string[] = [];
  const note = (path: string, sight: Sight): Sight => {
    asked.push(path);
    return sight;
  };
  const files: FileViewer = {
    look: (start, path) => note(`${start.slice(folder.length + 1)}${path}`, path === '' ? running : null),
    lookOnHost: (path) => note(path, onHost[path] ?? null),
    realPath: () => null,
  };
  const { facts: { exe, exeDeleted, exeReplaced, exeForeign }, unasked } = readExecutable(folder, target, { proc: '/proc', first: '/proc/1', root: '/proc/1/root', users: 'user:[1]', mounts: 'mnt:[1]', files });
  return { told: [exe, exeDeleted, exeReplaced, exeForeign], unasked, asked };
}
const OWN_USERS = 'user:[2]';

describe('a program on a file system that is not asked', () => {
  it('is not looked at where the link says all', () => {
    expect(judge('/mnt/p', HERE)).toEqual({ told: ['/mnt/p', false, false, false], unasked: null, asked: [] });
  });

  it('counts as deleted where the kernel says so, and as replaced never', () => {
    expect(judge('/mnt/p (deleted)', HERE, { '/mnt/p': file(2) })).toEqual({ told: ['/mnt/p', true, false, false], unasked: 'fuse.sshfs', asked: ['exe'] });
  });

  it('counts as foreign besides where its user mounts', () => {
    expect(judge('/mnt/p (deleted)', ELSEWHERE, {}, OWN_USERS)).toMatchObject({ told: ['/mnt/p', true, false, true], unasked: 'fuse.sshfs' });
  });

  it.each<[string, Unasked, Unasked | number | null, boolean | null]>([
    ['is this host\'s where it is on a mount of the host', HERE, 2, false],
    ['is foreign where another file stands at its path', ELSEWHERE, 2, true],
    ['is foreign where nothing stands at its path', ELSEWHERE, null, true],
    ['is left open where its path is not asked here either', ELSEWHERE, HERE, null],
    ['is left open where nobody knows what it is on', NOWHERE, 2, null],
  ])('in a user namespace of its own %s', (_what, running, here, foreign) => {
    expect(judge('/usr/sbin/sshd', running, { '/usr/sbin/sshd': typeof here === 'number' ? file(here) : here }, OWN_USERS)).toMatchObject({
      told: ['/usr/sbin/sshd', false, false, foreign],
      unasked: foreign === null ? (running.unasked?.type ?? 'a mount that no table shows') : null,
    });
  });

  it('is none where it is memory, which no table of mounts has', () => {
    expect(judge('/memfd:x (deleted)', NOWHERE)).toMatchObject({ told: ['/memfd:x', true, false, false], unasked: null });
  });
});

describe('a program that is looked at', () => {
  it('is no upgrade\'s leftover because its path leads where nobody is asked', () => {
    expect(judge('/opt/p (deleted)', file(1), { '/opt/p': HERE })).toMatchObject({ told: ['/opt/p', true, false, false], unasked: 'fuse.sshfs' });
    rmSync(join(folder, 'ns/user'));
    expect(judge('/opt/p (deleted)', file(1), { '/opt/p': file(2) })).toMatchObject({ told: ['/opt/p', true, true, false], unasked: null });
  });

  it('may be the one of its path where that leads so', () => {
    expect(judge('/opt/p', file(1), { '/opt/p': HERE }, OWN_USERS)).toMatchObject({ told: ['/opt/p', false, false, null], unasked: 'fuse.sshfs' });
  });
});
