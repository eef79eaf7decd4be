import { describe, expect, it } from 'vitest';
import { defaultConfig, parseConfig } from '../../src/config/parse-config.ts';
import { JOURNAL_SINK } from '../../src/config/load-config.ts';
import { BAD_SECTIONS, BAD_SINKS, CONTRADICTIONS, NO_CONFIGS, withLine, withSink, withSyslog } from './bad-configs.ts';

async function problemsOf(text: string): Promise<readonly string[]> {
  const { config, problems } = await parseConfig(text, 'portreeve.yaml', []);
  expect(config === null).toBe(problems.some(({ level }) => level === 'error'));
  return problems.map(({ position, message, hint }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}${hint === null ? '' : ` (${hint})`}`);
}

async function configOf(text: string): Promise<NonNullable<Awaited<ReturnType<typeof parseConfig>>['config']>> {
  expect(await problemsOf(text)).toEqual([]);
  return (await parseConfig(text, 'portreeve.yaml', [])).config!;
}

describe('a bad configuration is refused with its place and what was meant', () => {
  it.each([...NO_CONFIGS, ...BAD_SECTIONS, ...CONTRADICTIONS, ...BAD_SINKS])('%s', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  it('tells all of it at once, from top to end', async () => {
    const text = 'version: 1\nscan: { interval: 1 }\nsinks:\n  - { type: jurnal }\n  - { type: json, name: a, x: 1 }\nlog: { level: 1 }\n';
    expect((await problemsOf(text)).map((problem) => problem.slice(0, 5))).toEqual(['2:19 ', '4:13 ', '5:28 ', '6:15 ']);
  });

  it('draws no conclusion from a value that could not be read', async () => {
    expect(await problemsOf(withLine('scan: { interval: 2m, sweep: 5 }'))).toHaveLength(1);
    expect(await problemsOf('version: 1\nregistry: { autoUpdate: true, file: a.csv }\n')).toHaveLength(1);
  });

  it('stops at 32 sinks, and at 200 problems', async () => {
    const sinks = Array.from({ length: 33 }, (_, index) => `  - { type: journal, name: j${index} }\n`).join('');
    expect(await problemsOf(`version: 1\nsinks:\n${sinks}`)).toEqual(['35:5 there are more than 32 sinks (Let one syslog server pass the events on to the others.)']);
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}: 1\n`).join('');
    expect((await problemsOf(`version: 1\n${keys}`)).length).toBe(201);
  });
});

describe('a configuration', () => {
  it('has the stated defaults where there is no file', () => {
    const seconds = 1000;
    const days = 86_400_000;
    expect(defaultConfig([JOURNAL_SINK])).toEqual({
      file: null,
      scan: { source: null, owners: 'auto', interval: seconds, sweep: 60 * seconds, kernelEvents: 'auto' },
      alerts: {
        settle: { critical: 0, error: 3 * seconds, warning: 5 * seconds, notice: 5 * seconds, info: 5 * seconds },
        settleEphemeralUdp: 60 * seconds,
        resolveAfter: 30 * seconds,
        reminder: days,
        flapping: { openings: 5, within: 600 * seconds },
        storm: { alerts: 50, within: 10 * seconds },
        transient: { severity: 'error', repeats: 3, within: 3600 * seconds },
        expiryNotice: 14,
      },
      policy: { rules: null, shipped: true, unusedAfter: 90 * days },
      registry: { file: null, url: null, allowHttp: false, caFile: null, autoUpdate: false, interval: 7 * days, maxAge: 365 * days },
      state: { dir: null, maxSize: 64 * 1024 * 1024, maxAge: 400 * days },
      control: { socket: '/run/portreeve/control.sock', group: null },
      metrics: { textfile: null, interval: 30 * seconds },
      log: { level: 'info' },
      sinks: [{ type: 'journal', name: 'journal', minSeverity: 'notice', kinds: null }],
    });
  });

  it.each(['version: 1\n', 'version: 1\nscan:\nalerts:\n  settle:\n  storm: {}\nsinks:\n', '{ "version": 1 }'])('says nothing with %j', async (text) => {
    const { config } = await parseConfig(text, '/x.yaml', [JOURNAL_SINK]);
    expect(config).toEqual({ ...defaultConfig([JOURNAL_SINK]), file: '/x.yaml' });
  });

  it('has no sinks where it says so, whatever the default', async () => {
    expect((await parseConfig(withLine('sinks: []'), 'x', [JOURNAL_SINK])).config?.sinks).toEqual([]);
  });

  it('is what the file says', async () => {
    const config = await configOf(`version: 1
scan: { source: procfs, owners: proc, interval: 500ms, sweep: 1s, kernelEvents: off }
alerts:
  settle: { critical: 1s, info: 1h }
  reminder: never
  transient: { severity: never }
policy: { rules: [/etc/portreeve/rules.d, /srv/rules], shipped: false }
registry: { url: "http://mirror/x.csv", allowHttp: true, autoUpdate: true }
state: { maxSize: 10MB }
control: { socket: none }
metrics: { textfile: /var/lib/prometheus/node-exporter/portreeve.prom }
`);
    expect(config.scan).toEqual({ source: 'procfs', owners: 'proc', interval: 500, sweep: 1000, kernelEvents: 'off' });
    expect(config.alerts).toMatchObject({ settle: { critical: 1000, error: 3000, info: 3_600_000 }, reminder: null, transient: { severity: 'never', repeats: 3 } });
    expect(config.policy).toMatchObject({ rules: ['/etc/portreeve/rules.d', '/srv/rules'], shipped: false });
    expect(config.registry).toMatchObject({ url: 'http://mirror/x.csv', allowHttp: true, autoUpdate: true });
    expect(config.state.maxSize).toBe(10_000_000);
    expect(config.control).toEqual({ socket: null, group: null });
    expect(config.metrics.textfile).toBe('/var/lib/prometheus/node-exporter/portreeve.prom');
  });

  it('knows which keys the file has', async () => {
    const { given } = await parseConfig('version: 1\nscan: { interval: 2s }\nsinks:\n  - { type: journal, name: j }\n', 'x', []);
    expect([...given]).toEqual(['scan', 'scan.interval', 'sinks', 'sinks.j.name']);
  });
});

describe('a sink', () => {
  it('of syslog goes to the local socket by itself', async () => {
    expect((await configOf(withSink('{ type: syslog, name: s }'))).sinks).toEqual([
      {
        type: 'syslog',
        name: 's',
        minSeverity: 'notice',
        kinds: null,
        transport: 'local',
        path: '/dev/log',
        host: null,
        port: 514,
        format: 'rfc3164',
        framing: 'octet-counting',
        facility: 'daemon',
        enterprise: 32473,
        maxLength: null,
        dialect: 'portreeve',
        tls: { caFile: null, certFile: null, keyFile: null, serverName: null },
        resend: 10_000,
      },
    ]);
  });

  it.each([
    ['transport: udp, host: 192.0.2.1', { port: 514, format: 'rfc5424' }],
    ['transport: tcp, host: logs_1.example.org., framing: newline', { port: 514, format: 'rfc5424', framing: 'newline' }],
    ['transport: tls, host: "2001:db8::1"', { port: 6514, format: 'rfc5424' }],
    ['transport: tls, host: "fe80::1%eth0", port: 10514', { port: 10514, host: 'fe80::1%eth0' }],
    ['transport: tls, host: a, port: auto, format: rfc3164', { port: 6514, format: 'rfc3164' }],
    ['transport: tls, host: a, tls: { certFile: /c, keyFile: /k, caFile: default }', { tls: { caFile: null, certFile: '/c', keyFile: '/k', serverName: null } }],
    ['format: rfc5424, enterprise: 9', { transport: 'local', format: 'rfc5424', enterprise: 9 }],
  ])('of syslog: %s', async (keys, sink) => {
    expect((await configOf(withSyslog(keys))).sinks).toMatchObject([sink]);
  });

  it('of JSON lines or a program has its defaults too', async () => {
    const { sinks } = await configOf('version: 1\nsinks:\n  - { type: json, name: j, kinds: [opened, resolved] }\n  - { type: exec, name: e, command: [/bin/page, "-u", "two words"], minSeverity: critical }\n');
    expect(sinks).toEqual([
      { type: 'json', name: 'j', minSeverity: 'notice', kinds: ['opened', 'resolved'], file: null, dialect: 'portreeve' },
      { type: 'exec', name: 'e', minSeverity: 'critical', kinds: null, command: ['/bin/page', '-u', 'two words'], timeout: 30_000, concurrency: 2, dialect: 'portreeve' },
    ]);
  });
});
