import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processGaps, readVisibility, unaskedGaps } from '../../src/inventory/visibility.ts';

let proc = '';
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'portreeve-visibility-'));
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

const PID = 812;
const HOST = 'pid:[4026531836]';
const CONTAINER = 'pid:[4026532000]';
/** A process in a PID namespace, as /proc shows it. */
const show = (pid: number, namespace: string) => {
  mkdirSync(join(proc, `${pid}/ns`), { recursive: true });
  symlinkSync(namespace, join(proc, `${pid}/ns/pid`));
};
const isMe = (pid: number) => {
  symlinkSync(String(pid), join(proc, 'self'));
};
const see = () => readVisibility(proc, PID);
const gapsOf = (unnamed: number) => processGaps(see(), [], unnamed).map(({ code, hides }) => `${code} hides ${hides}`);

describe.runIf(process.platform === 'linux')('whose processes /proc shows', () => {
  it('is no gap where they are ours, of the whole host', () => {
    show(1, HOST);
    show(PID, HOST);
    isMe(PID);
    expect(see()).toEqual({ shows: 'own', insidePidNamespace: false, processesHidden: false });
    expect(gapsOf(0)).toEqual([]);
  });

  it('is a gap for unnamed listeners where they are those of a container', () => {
    show(1, CONTAINER);
    show(PID, CONTAINER);
    isMe(PID);
    expect(see()).toMatchObject({ shows: 'own', insidePidNamespace: true });
    expect([gapsOf(0), gapsOf(1)]).toEqual([[], ['pid-namespace hides owners', 'owners-unknown hides owners']]);
  });

  it('is told where the numbers are not ours: nothing is missing, and a number means another process here', () => {
    show(1, HOST);
    show(4000, CONTAINER);
    isMe(4000);
    expect(see()).toMatchObject({ shows: 'outer', insidePidNamespace: false });
    expect(gapsOf(0)).toEqual(['proc-misplaced hides details']);
  });

  it('makes the audit incomplete where we are not among them', () => {
    show(1, CONTAINER);
    expect(see()).toMatchObject({ shows: 'foreign' });
    expect(gapsOf(0)).toEqual(['proc-misplaced hides listeners']);
  });

  it('makes the audit incomplete where there are none: another file system is mounted there, or none', () => {
    expect(see()).toMatchObject({ shows: 'none' });
    expect(processGaps(see(), [], 0)).toMatchObject([{ code: 'proc-misplaced', hides: 'listeners', detail: expect.stringContaining('mount -t proc proc /proc') as string }]);
    expect(readVisibility(join(proc, 'missing'), PID)).toMatchObject({ shows: 'none' });
  });
});

describe('files that were not asked for', () => {
  it('are told with their processes, a few by name, and hide nothing', () => {
    expect(unaskedGaps([])).toEqual([]);
    expect(unaskedGaps(['a[1] on nfs4', 'b[2] on fuse', 'c[3] on fuse', 'd[4] on fuse'])).toMatchObject([
      { code: 'files-unasked', count: 4, hides: 'details', detail: expect.stringContaining('(a[1] on nfs4, b[2] on fuse, c[3] on fuse, ...)') as string },
    ]);
  });
});
