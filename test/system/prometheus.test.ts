import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { renderMetrics } from '../../src/reports/prometheus.ts';
import { aListener, anOwner, aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';
import { aSink, aStatus } from '../fixtures/daemon.ts';
import { describeUnless } from './requirements.ts';

const missing = spawnSync('promtool', ['--version']).error === undefined ? null : "needs promtool, of Debian's package prometheus";

describeUnless(missing, 'the metrics before promtool', () => {
  const hostile = ['a"b', 'a\nb"} 1\nportreeve_listeners 7', 'x\\', '\x1b[31m\x9b', '\ud83d', '日本'].map((text, index) =>
    aListener({ port: 9000 + index, address: text, owners: [anOwner({ name: text, exe: text, user: text, unit: text })] }),
  );
  const { scan } = aStatus();

  it.each([
    ['of a daemon at work', renderMetrics(aStatus({ lastReload: { at: '2026-11-22T04:00:00.000Z', ok: true, problems: [] } }), aReport(webServer()))],
    ['of one that has just started', renderMetrics(aStatus({ state: 'starting', coverage: null, sinks: [], scan: { ...scan, lastTickAt: null, lastTickMs: null, lastSweepAt: null, lastSweepMs: null } }), null)],
    ['of one in trouble', renderMetrics(aStatus({ coverage: partialCoverage(), sinks: [aSink({ error: 'x', lost: 3, lastSentAt: null })] }), aReport([]))],
    ['of a host with hostile names', renderMetrics(aStatus(), aReport(hostile))],
  ])('are clean: %s', (_what, text) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
