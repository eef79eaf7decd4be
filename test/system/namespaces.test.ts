import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForBpf, missingForSandbox } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const NAMES = ['red', 'blue'] as const;
const WITHOUT_SYS_ADMIN = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];

const lackForBpf = await missingForBpf();

describeUnless(missingForSandbox(), 'three network namespaces with a listener on port 8080 each', () => {
  let sandbox: Sandbox;
  const pids = new Map<string | null, number>();

  beforeAll(async () => {
    sandbox = await openSandbox();
    pids.set('host', (await sandbox.start<{ pid: number }>('listen.py', ['8080'])).pid);
    for (const name of NAMES) {
      expect(await sandbox.run(['ip', 'netns', 'add', name])).toMatchObject({ code: 0, stderr: '' });
      pids.set(name, (await sandbox.start<{ pid: number }>('listen.py', ['8080'], ['ip', 'netns', 'exec', name])).pid);
    }
    // One that no process is in: it is found by its name alone.
    expect(await sandbox.run(['ip', 'netns', 'add', 'empty'])).toMatchObject({ code: 0, stderr: '' });
  });

  afterAll(() => sandbox.close());

  const on8080 = (report: AuditReport) => report.listeners.filter(({ port }) => port === 8080);
  const holders = (report: AuditReport) => new Map(on8080(report).map(({ netns, owners }) => [netns.name, owners.map(({ pid }) => pid)]));
  const truth = () => new Map([...pids].map(([name, pid]) => [name, [pid]]));

  it('sees each, in its namespace, with its process', async () => {
    const report = await sandbox.audit();
    expect(on8080(report)).toHaveLength(3);
    expect(holders(report)).toEqual(truth());
    expect(report.coverage).toMatchObject({ source: 'netlink', complete: true });
  });

  describeUnless(lackForBpf, 'where the kernel is asked for owners', () => {
    it('sees the same', async () => {
      const report = await sandbox.audit(['--owners', 'bpf']);
      expect(holders(report)).toEqual(truth());
      expect(report.coverage).toMatchObject({ source: 'netlink', owners: 'bpf', complete: true, gaps: [] });
    });
  });

  it('gives each an identity and a namespace of its own', async () => {
    const found = on8080(await sandbox.audit());
    expect(new Set(found.map(({ id }) => id)).size).toBe(3);
    expect(new Set(found.map(({ netns }) => netns.inode)).size).toBe(3);
  });

  it('sees the same through /proc, and says that it cannot look into one without a process', async () => {
    const report = await sandbox.audit(['--source', 'procfs']);
    expect(holders(report)).toEqual(truth());
    expect(report.coverage.gaps).toContainEqual(expect.objectContaining({ code: 'namespaces-skipped', count: 1 }));
  });

  it('reads what it may not enter (no CAP_SYS_ADMIN) through /proc instead', async () => {
    const report = await sandbox.audit([], WITHOUT_SYS_ADMIN);
    expect(report.coverage.source).toBe('netlink');
    expect(holders(report)).toEqual(truth());
    expect(report.coverage.gaps).toContainEqual(expect.objectContaining({ code: 'namespaces-skipped', count: 1 }));
  });

  it('skips what it may not enter where netlink is forced, and says so', async () => {
    const report = await sandbox.audit(['--source', 'netlink'], WITHOUT_SYS_ADMIN);
    expect(on8080(report).map(({ netns }) => netns.name)).toEqual(['host']);
    expect(report.coverage.complete).toBe(false);
    expect(report.coverage.gaps).toContainEqual(expect.objectContaining({ code: 'namespaces-skipped', count: 3, hides: 'listeners' }));
  });

  it('takes the namespace that it runs in for its own, by name', async () => {
    const report = await sandbox.audit([], ['ip', 'netns', 'exec', 'red']);
    expect(holders(report)).toEqual(truth());
  });
});
