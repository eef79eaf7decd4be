import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { proposeExceptions } from '../../src/findings/propose-exceptions.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { Baseline } from '../../src/model/baseline.ts';
import type { Owner } from '../../src/model/listener.ts';
import { literalPattern } from '../../src/model/literal-pattern.ts';
import { judgedOwners } from '../../src/policy/judged-owners.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { renderBaseline } from '../../src/reports/baseline-yaml.ts';
import { aListener, anOwner, webServer } from '../fixtures/audit-report.ts';

const RULES = `version: 1
rules:
  - { id: any-listener, title: Any, severity: warning, match: { scope: [loopback, wildcard] } }
  - { id: from-tmp, title: "From /tmp: # 'quoted'", severity: critical, match: { exe: '/tmp/**' } }
  - { id: by-root, title: Root, severity: notice, match: { user: root } }
  - { id: high-port, title: High, severity: info, match: { port: 8081-65535 } }
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-baseline-'));
  writeFileSync(join(folder, 'rules.yaml'), RULES);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function tryBaseline(bare: readonly AuditedListener[], options: { includeCritical?: boolean; joinPorts?: boolean } = {}) {
  const rules = await loadPolicy([join(folder, 'rules.yaml')], { today: '2026-11-22' });
  const listeners = bare.map((listener) => ({ ...listener, findings: evaluateListener(listener, rules) }));
  const { includeCritical = false, joinPorts = true } = options;
  const proposals = proposeExceptions(listeners, { minSeverity: 'notice', includeCritical, joinPorts, takenIds: new Set(), judgedOwners });
  const baseline: Baseline = { ...proposals, version: '0.1.0', host: 'h', startedAt: '2026-11-22T00:00:00.000Z', complete: true, minSeverity: 'notice', expires: '2027-01-01' };
  const text = renderBaseline(baseline);
  writeFileSync(join(folder, 'baseline.yaml'), text);
  const policy = await loadPolicy([join(folder, 'rules.yaml'), join(folder, 'baseline.yaml')], { today: '2026-11-22' });
  const silenced = listeners.flatMap((listener, index) => evaluateListener(listener, policy).flatMap(({ rule, excepted }) => (excepted === null ? [] : [`${index} ${rule}`])));
  const wanted = proposals.exceptions.flatMap(({ listeners: covered, rules: named }) => covered.flatMap((listener) => named.map((rule) => `${listeners.indexOf(listener as (typeof listeners)[number])} ${rule}`)));
  return { text, proposals, silenced: silenced.sort(), wanted: [...new Set(wanted)].sort() };
}

const NAMES = ['nginx', '*', 'a{b,c}', '[x]?', 'x\\y', 'é\u{1f680}', 'a\nb: [c', '"', "' # x", '\u001b[2J', 'true', '~', '- x', '\u202egnp.exe', '\u0000', '&a *b', '%', '\t', '\ud800', '\ufffd'];
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 12 }));
const exe = fc.oneof(
  fc.tuple(fc.constantFrom('/usr/bin/', '/tmp/', '/memfd:', ''), name).map(([place, last]) => place + last),
  fc.constantFrom('/usr/sbin/nginx', '/usr/sbin/php'),
);

const owner: fc.Arbitrary<Owner> = fc
  .record({
    pid: fc.integer({ min: 1, max: 9 }),
    name,
    exe: fc.option(exe, { freq: 6 }),
    exeDeleted: fc.constantFrom(false, false, false, true, null),
    exeReplaced: fc.boolean(),
    exeForeign: fc.constantFrom(false, false, false, true, null),
    user: fc.option(fc.oneof(fc.constantFrom('root', 'www-data'), name)),
    uid: fc.option(fc.constantFrom(0, 33, 4294967295), { freq: 6 }),
    unit: fc.option(fc.oneof(fc.constantFrom('nginx.service', 'session-3.scope', 'session-4.scope', 'run-u7.service'), name.map((text) => `${text}.service`))),
    container: fc.option(fc.oneof(fc.constantFrom('f'.repeat(64), 'e'.repeat(64), 'true'), name), { nil: null, freq: 2 }),
  })
  .map((partial) => anOwner(partial));

const listener: fc.Arbitrary<AuditedListener> = fc
  .record({
    port: fc.constantFrom(80, 8080, 8081, 8082, 8083, null),
    address: fc.constantFrom('0.0.0.0', '::', '127.0.0.1', '127.0.0.2'),
    interface: fc.constantFrom(null, null, null, 'eth0', 'x\n'),
    netns: fc.constantFrom({ inode: 1, name: 'host' }, { inode: 1, name: 'host' }, { inode: 2, name: 'blue\n#' }, { inode: 3, name: null }, { inode: 4, name: 'unnamed#2' }),
    owners: fc.array(owner, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('process', 'process', 'process', 'process', 'kernel', 'unknown', 'partly', 'activated'),
  })
  .map(({ kind, owners, ...rest }) => {
    const shape = { ...rest, protocol: rest.port === null ? ('raw' as const) : ('tcp' as const), scope: rest.address.startsWith('127') ? ('loopback' as const) : ('wildcard' as const) };
    if (kind === 'kernel') return aListener({ ...shape, ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: 'nfsd' }, owners: [] });
    if (kind === 'unknown') return aListener({ ...shape, ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'closed\n' }, owners: [] });
    if (kind === 'process') return aListener({ ...shape, owners });
    if (kind === 'partly') return aListener({ ...shape, owners, ownerNote: { code: 'process-left', detail: 'left' } });
    const manager = anOwner({ pid: 1, name: 'systemd', exe: '/usr/lib/systemd/systemd', unit: 'init.scope' });
    return aListener({ ...shape, owners: [manager, ...owners.slice(1)], activation: { unit: 'x.socket', service: 'x.service' } });
  });

/** Of so few kinds that one is often the twin of another, which must keep alerting. */
const twin: fc.Arbitrary<AuditedListener> = fc
  .record({
    port: fc.constantFrom(80, 8081),
    address: fc.constantFrom('127.0.0.1', '127.0.0.2'),
    owners: fc.array(
      fc
        .record({ pid: fc.integer({ min: 2, max: 9 }), exe: fc.constantFrom('/usr/sbin/nginx', '/usr/sbin/php', null), exeDeleted: fc.constantFrom(false, true), exeReplaced: fc.constant(false) })
        .map((partial) => anOwner(partial)),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map((partial) => aListener({ ...partial, scope: 'loopback' }));

describe('a baseline as policy', () => {
  it('silences exactly what it proposes for, whatever a process calls itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.array(listener, { maxLength: 12 }), fc.array(twin, { maxLength: 6 })), fc.record({ includeCritical: fc.boolean(), joinPorts: fc.boolean() }), async (listeners, options) => {
        const { text, silenced, wanted } = await tryBaseline(listeners, options);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
        expect(silenced).toEqual(wanted);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });

  it('tells one program from another by no more than a letter of its path', async () => {
    await fc.assert(
      fc.asyncProperty(name, name, async (one, other) => {
        fc.pre(one !== other && literalPattern(`/usr/bin/${one}`) !== null);
        const { proposals } = await tryBaseline([aListener({ owners: [anOwner({ exe: `/usr/bin/${one}` })] })]);
        const policy = await loadPolicy([join(folder, 'rules.yaml'), join(folder, 'baseline.yaml')], { today: '2026-11-22' });
        const excepted = evaluateListener(aListener({ owners: [anOwner({ exe: `/usr/bin/${other}` })] }), policy).map((finding) => finding.excepted);
        expect(excepted).toEqual([null, null]);
        expect(proposals.exceptions.length + proposals.withheld.length).toBe(1);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
    );
  });

  it('finds something to propose and something to withhold on a made-up server', async () => {
    const { proposals, silenced } = await tryBaseline(webServer());
    expect(proposals.withheld.map(({ listener: { port }, reason }) => [port, reason])).toEqual([[8090, 'Process 2210 still runs what an upgrade has replaced; restart it and scan again.']]);
    expect(silenced.length).toBeGreaterThan(5);
  });
});
