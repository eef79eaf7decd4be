import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForBpf, missingForSandbox } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const AUDITS = 30;
/** In turn; the last where the kernel lets us. */
const WAYS = [['--source', 'netlink', '--owners', 'proc'], ['--source', 'procfs'], ...(await missingForBpf() === null ? [['--source', 'netlink', '--owners', 'bpf']] : [])];
/** Ample: thirty audits take about seven. The churn ends with the sandbox. */
const SECONDS = 45;

describeUnless(missingForSandbox(), `${AUDITS} audits while listeners come and go, and pids are used again`, () => {
  const reports: AuditReport[] = [];
  let folder: string;
  let sandbox: Sandbox;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-churn-'));
    sandbox = await openSandbox();
    const log = join(folder, 'log');
    await sandbox.start('churn.py', [String(SECONDS), log]);
    for (let audit = 0; audit < AUDITS; audit += 1) {
      reports.push(await sandbox.audit(WAYS[audit % WAYS.length]));
    }
  }, SECONDS * 1000);

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  });

  const named = () => reports.flatMap(({ listeners }) => listeners.flatMap(({ port, owners }) => owners.map(({ pid, name }) => ({ port, pid, name }))));

  it('ends each audit with a report', () => {
    expect(reports).toHaveLength(AUDITS);
  });

  it('names many owners, all of them processes that held that very socket', () => {
    const held = new Set(readFileSync(join(folder, 'log'), 'utf8').split('\n'));
    expect(named().length).toBeGreaterThan(AUDITS);
    expect(named().filter(({ pid, port }) => !held.has(`${pid} ${port}`))).toEqual([]);
  });

  it('tells of a process what it was while it held the socket, not what its pid became', () => {
    expect(named().filter(({ name, port }) => name !== `l${port}` && name !== `x${port}`)).toEqual([]);
  });

  it('gives a reason wherever it names no one', () => {
    const unnamed = reports.flatMap(({ listeners }) => listeners.filter(({ owners }) => owners.length === 0));
    const reasons = new Set(unnamed.map(({ ownerNote }) => ownerNote?.code));
    for (const reason of reasons) expect(['process-left', 'outside-pid-namespace']).toContain(reason);
  });

  it('was put to the test: pids were used again', () => {
    const pids = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').map((line) => line.split(' ')[0]);
    expect(pids.length).toBeGreaterThan(500);
    expect(new Set(pids).size).toBeLessThan(pids.length / 2);
  });
});
