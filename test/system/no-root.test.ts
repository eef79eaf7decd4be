import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
const HIDE_PROCESSES = ['unshare', '-m', 'sh', '-euc', 'mount -t proc -o hidepid=2 proc /proc; exec "$@"', 'sh'];

describeUnless(missingForSandbox(), 'an audit without root, with a listener of root about', () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await openSandbox();
    await sandbox.start('listen.py', ['8080']);
    await sandbox.start('listen.py', ['8081'], AS_NOBODY);
  });

  afterAll(() => sandbox.close());

  const codesOf = (report: AuditReport) => report.coverage.gaps.map(({ code }) => code);
  const onPort = (report: AuditReport, port: number) => report.listeners.find((listener) => listener.port === port);

  describe.each(['netlink', 'procfs'] as const)('over %s', (source) => {
    let report: AuditReport;

    beforeAll(async () => {
      report = await sandbox.audit(['--source', source], AS_NOBODY);
    });

    it('still shows the listener, with the user that opened it, and why no process is named', () => {
      expect(onPort(report, 8080)).toMatchObject({ ownerKind: 'unknown', owners: [], socketUid: 0, socketUser: 'root', ownerNote: { code: 'no-privilege' } });
    });

    it("names the user's own processes all the same", () => {
      expect(onPort(report, 8081)).toMatchObject({ ownerKind: 'process', owners: [{ name: 'python3', uid: NOBODY, user: 'nobody' }] });
    });

    it('states what it could not see', () => {
      expect(report.coverage.complete).toBe(false);
      expect(codesOf(report)).toEqual(expect.arrayContaining(['processes-unreadable', 'namespaces-skipped', 'owners-unknown']));
    });

    it('does not judge the owner that it could not see', () => {
      expect(onPort(report, 8080)?.findings.filter(({ severity }) => severity === 'error' || severity === 'critical')).toEqual([]);
    });
  });

  it('does not exit with 0, which would read as clean', async () => {
    const { code, stderr } = await sandbox.portreeve(['audit', '--now', '--fail-on', 'critical'], AS_NOBODY);
    expect(code).toBe(3);
    expect(stderr).not.toContain('fault in portreeve');
  });

  it('tells a person what could not be seen, and what to run instead', async () => {
    const { stdout } = await sandbox.portreeve(['audit', '--now'], AS_NOBODY);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toContain('8080/tcp');
    expect(text).toContain('processes-unreadable');
    expect(text).toMatch(/run as root|sudo portreeve/);
  });

  describe('where /proc hides the processes of other users', () => {
    it('says so', async () => {
      const report = await sandbox.audit([], [...HIDE_PROCESSES, ...AS_NOBODY]);
      expect(codesOf(report)).toContain('processes-hidden');
      expect(report.coverage.complete).toBe(false);
      expect(onPort(report, 8080)).toMatchObject({ ownerKind: 'unknown', ownerNote: { code: 'no-privilege' } });
      expect(onPort(report, 8081)?.ownerKind).toBe('process');
    });

    it('states no such gap to root, from whom nothing is hidden', async () => {
      const report = await sandbox.audit([], HIDE_PROCESSES);
      expect(report.coverage).toMatchObject({ complete: true, gaps: [] });
      expect(onPort(report, 8080)?.ownerKind).toBe('process');
    });
  });
});
