import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/reports/prometheus.ts';
import { aReport, aListener, anOwner, partialCoverage, webServer } from '../fixtures/audit-report.ts';
import { aSink, aStatus } from '../fixtures/daemon.ts';

/** Samples by series, of a text that keeps to the format line by line. */
function parse(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const told = new Set<string>();
  let family = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const head = /^# (HELP|TYPE) (portreeve_[a-z_]+) (.+)$/.exec(line);
    if (head?.[1] === 'HELP') {
      family = head[2]!;
      expect(told, 'each family once').not.toContain(family);
      told.add(family);
    } else if (head?.[1] === 'TYPE') {
      expect(head[2]).toBe(family);
      expect(head[3]).toBe(family.endsWith('_total') ? 'counter' : 'gauge');
    } else {
      const [, series, name, value] = /^(([a-z_]+)(?:\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\})?) (\S+)$/.exec(line) ?? [];
      expect(name, line).toBe(family);
      expect(samples.has(series!), line).toBe(false);
      expect(value, line).toMatch(/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/);
      samples.set(series!, Number(value));
    }
  }
  return samples;
}

const metrics = (...args: Parameters<typeof renderMetrics>) => parse(renderMetrics(...args));

describe('renderMetrics', () => {
  it('counts listeners by status, severity, protocol and scope', () => {
    const samples = metrics(aStatus(), aReport(webServer()));
    expect(samples.get('portreeve_listeners{status="de-assigned"}')).toBe(1);
    expect(samples.get('portreeve_listeners{status="reserved"}')).toBe(0);
    expect(samples.get('portreeve_listeners{status="none"}')).toBe(1);
    expect(samples.get('portreeve_flagged_listeners{severity="warning"}')).toBe(2);
    expect(samples.get('portreeve_bound_listeners{protocol="tcp",scope="wildcard"}')).toBe(5);
    expect(samples.get('portreeve_bound_listeners{protocol="tcp",scope="public"}')).toBe(0);
    expect(samples.get('portreeve_bound_listeners{protocol="raw",scope="wildcard"}')).toBe(1);
    expect(samples.has('portreeve_bound_listeners{protocol="sctp",scope="wildcard"}')).toBe(false);
    expect(samples.get('portreeve_open_alerts{severity="error"}')).toBe(1);
    expect(samples.get('portreeve_open_alerts{severity="critical"}')).toBe(0);
  });

  it('tells times in seconds, and of the daemon what an alert needs', () => {
    const samples = metrics(aStatus({ lastReload: { at: '2026-11-22T04:00:00.000Z', ok: false, problems: ['x'] } }), null);
    expect(samples.get('portreeve_scan_duration_seconds{scan="tick"}')).toBe(0.0004);
    expect(samples.get('portreeve_scan_duration_seconds{scan="sweep"}')).toBe(0.084);
    expect(samples.get('portreeve_scan_timestamp_seconds{scan="sweep"}')).toBe(Date.UTC(2026, 10, 22, 4, 53, 20) / 1000);
    expect(samples.get('portreeve_ticks_total')).toBe(181_204);
    expect(samples.get('portreeve_registry_age_seconds')).toBe(282 * 86_400);
    expect(samples.get('portreeve_config_last_reload_successful')).toBe(0);
    expect(samples.get('portreeve_config_last_reload_timestamp_seconds')).toBe(Date.UTC(2026, 10, 22, 4) / 1000);
    expect(samples.get('portreeve_kernel_events{mode="tracefs"}')).toBe(1);
    expect(samples.get('portreeve_build_info{version="0.1.0"}')).toBe(1);
    expect(samples.get('portreeve_resident_memory_bytes')).toBe(63_963_136);
    expect(samples.get('portreeve_events_total')).toBe(523);
  });

  it('tells of each sink what waits, what was sent and lost, and whether it fails', () => {
    const samples = metrics(aStatus({ sinks: [aSink({ queued: 17, lost: 3, error: 'refused' }), aSink({ name: 'new', type: 'exec', lastSentAt: null, sent: 0 })] }), null);
    expect(samples.get('portreeve_sink_queued_events{sink="siem",type="syslog"}')).toBe(17);
    expect(samples.get('portreeve_sink_sent_events_total{sink="siem",type="syslog"}')).toBe(41);
    expect(samples.get('portreeve_sink_lost_events_total{sink="siem",type="syslog"}')).toBe(3);
    expect(samples.get('portreeve_sink_failing{sink="siem",type="syslog"}')).toBe(1);
    expect(samples.get('portreeve_sink_failing{sink="new",type="exec"}')).toBe(0);
    expect(samples.has('portreeve_sink_last_success_timestamp_seconds{sink="new",type="exec"}')).toBe(false);
  });

  it('does not show what is not known as 0', () => {
    const { scan } = aStatus();
    const names = [...metrics(aStatus({ coverage: null, sinks: [], scan: { ...scan, lastTickAt: null, lastTickMs: null, lastSweepAt: null, lastSweepMs: null } }), null).keys()];
    expect(names.filter((name) => /coverage|scan_duration|scan_timestamp|sink|listeners|excepted|listener_info|reload_timestamp/.test(name))).toEqual([]);
    expect(names).toContain('portreeve_config_last_reload_successful');
  });

  it('adds gaps of one kind up, and shows the others as 0', () => {
    const { gaps } = partialCoverage();
    const samples = metrics(aStatus({ coverage: { ...partialCoverage(), gaps: [...gaps, { ...gaps[0]!, count: 3 }] } }), null);
    expect(samples.get('portreeve_coverage_complete')).toBe(0);
    expect(samples.get('portreeve_coverage_gaps{code="processes-unreadable"}')).toBe(40);
    expect(samples.get('portreeve_coverage_gaps{code="dump-truncated"}')).toBe(0);
  });

  it('has a series for each listener, by what outlasts a restart', () => {
    const samples = metrics(aStatus(), aReport(webServer()));
    const series = [...samples.keys()].filter((name) => name.startsWith('portreeve_listener_info'));
    expect(series).toHaveLength(8);
    expect(series[0]).toBe(
      'portreeve_listener_info{protocol="tcp",address="0.0.0.0",port="1302",interface="",netns="host",scope="wildcard",status="de-assigned",service="",severity="error",owner="licd",exe="/opt/licd/bin/licd",user="licd",unit="licd.service"}',
    );
    expect(series.join()).not.toContain('4711');
    expect(samples.get('portreeve_omitted_listeners')).toBe(0);
  });

  it('bounds those series, leaves out what comes and goes, and says how many', () => {
    const many = Array.from({ length: 1200 }, (_, index) => aListener({ port: index + 1 }));
    const clients = Array.from({ length: 50 }, (_, index) => aListener({ protocol: 'udp', port: 40_000 + index, ephemeral: true }));
    const samples = metrics(aStatus(), aReport([...many, ...clients]));
    const series = [...samples.keys()].filter((name) => name.startsWith('portreeve_listener_info'));
    expect(series).toHaveLength(1000);
    expect(samples.get('portreeve_omitted_listeners')).toBe(250);
    expect(series.filter((name) => name.includes('protocol="udp"'))).toEqual([]);
  });

  it('never has two samples with the same labels: the collector would refuse the file', () => {
    const twins = [aListener({ id: 'one', owners: [anOwner({ pid: 1 })] }), aListener({ id: 'two', owners: [anOwner({ pid: 2 })] })];
    const series = [...metrics(aStatus(), aReport(twins)).keys()].filter((name) => name.startsWith('portreeve_listener_info'));
    expect(series).toHaveLength(1);
  });

  it.each([['quotes', 'a"b'], ['line breaks', 'a\nb"} 1\nportreeve_listeners 7'], ['a backslash at the end', 'x\\'], ['escapes', '\x1b[31m\x9b'], ['half a character', '\ud83d'], ['8 KB', '"\\'.repeat(4096)]])('stays whole whatever a process calls itself: %s', (_what, text) => {
    const listener = aListener({ address: text, interface: text, netns: { inode: null, name: text }, owners: [anOwner({ name: text, exe: text, user: text, unit: text })] });
    const written = renderMetrics(aStatus({ version: text, registry: { source: text, updated: text, ageDays: 1, stale: false }, sinks: [aSink({ name: text, type: text })] }), aReport([listener]));
    expect(parse(written).get('portreeve_listeners{status="assigned"}')).toBe(17);
    expect(written).toMatch(/^[\n\x20-\x7e]*$/);
    expect(written.length).toBeLessThan(60_000);
  });
});
