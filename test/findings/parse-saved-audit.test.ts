import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSavedAudit } from '../../src/findings/parse-saved-audit.ts';
import { renderJson } from '../../src/reports/json.ts';
import { renderNdjson } from '../../src/reports/ndjson.ts';
import { aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';

const report = aReport(webServer(), { coverage: partialCoverage() });
const saved = [...renderJson(report)].join('');

type Edit = (data: Record<string, never>) => void;
const edited = (edit: Edit): string => {
  const data = JSON.parse(saved) as Record<string, never>;
  edit(data);
  return JSON.stringify(data);
};

function faultsOf(text: string): readonly string[] {
  const parsed = parseSavedAudit(text);
  return 'faults' in parsed ? parsed.faults : [];
}

describe('parseSavedAudit', () => {
  it('gives back what an audit was saved with', () => {
    const parsed = parseSavedAudit(saved);
    expect('audit' in parsed && parsed.audit.listeners).toEqual(report.listeners);
    expect('audit' in parsed && parsed.audit.coverage).toEqual({ source: 'netlink', complete: false });
  });

  it('passes over keys that a later version may add, and a byte order mark', () => {
    expect(faultsOf(`\ufeff${edited((data) => Object.assign(data['listeners']![0], { later: [1], __proto__: { port: 1 } }))}`)).toEqual([]);
  });

  it.each<[string, string]>([
    ['', 'the file is empty'],
    [' \n', 'the file is empty'],
    ['null', 'this is not an audit: it has no "schema"'],
    ['[]', 'this is not an audit: it has no "schema"'],
    ['{"listeners": []}', 'this is not an audit: it has no "schema"'],
    ['{"schema": 1}', 'schema: expected text, found 1'],
    ['{"schema": "portreeve/audit/v2"}', 'the schema is "portreeve/audit/v2", and portreeve/audit/v1 is needed'],
    ['{"__proto__": {"schema": "portreeve/audit/v1"}}', 'this is not an audit: it has no "schema"'],
    [[...renderNdjson(report)].join(''), 'these are JSON lines, and one JSON object is needed'],
  ])('refuses what is no saved audit (%#)', (text, fault) => {
    expect(faultsOf(text)[0]).toBe(fault);
  });

  it('says where JSON breaks off, without quoting it', () => {
    expect(faultsOf(saved.slice(0, 500))[0]).toMatch(/^this is not JSON/);
    expect(faultsOf('{"schema": \u001b[2J}')[0]).toMatch(/^this is not JSON[^\u001b]*$/);
  });

  it.each<[Edit, string]>([
    [(data) => Object.assign(data, { listeners: {} }), 'listeners: expected a list, found an object'],
    [(data) => Object.assign(data, { startedAt: 'yesterday' }), 'startedAt: expected one of a time like 2026-11-22T04:53:57.000Z, found "yesterday"'],
    [(data) => Object.assign(data, { host: 'web1' }), 'host: expected an object, found "web1"'],
    [(data) => Object.assign(data['listeners']![0], { port: 65536 }), 'listeners[0].port: expected a whole number from 0 to 65535, or null, found 65536'],
    [(data) => Object.assign(data['listeners']![0], { port: '80' }), 'listeners[0].port: expected a whole number from 0 to 65535, or null, found "80"'],
    [(data) => Object.assign(data['listeners']![1], { protocol: 'quic' }), 'listeners[1].protocol: expected one of tcp, udp, udplite, sctp, dccp, raw, found "quic"'],
    [(data) => Object.assign(data['listeners']![0], { owners: [null] }), 'listeners[0].owners[0]: expected an object, found nothing'],
    [(data) => Object.assign(data['listeners']![0], { findings: [{ rule: [] }] }), 'listeners[0].findings[0].rule: expected text, found a list'],
    [(data) => Object.assign(data['listeners']![0], { id: null }), 'listeners[0].id: expected text, found nothing'],
  ])('refuses what is not of its type (%#)', (edit, fault) => {
    expect(faultsOf(edited(edit))[0]).toBe(fault);
  });

  it('tells ten faults of a thousand', () => {
    expect(faultsOf(edited((data) => Object.assign(data, { listeners: Array(1000).fill(7) })))).toHaveLength(10);
  });

  it('takes any JSON without a fault of its own', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom('listeners', 'host', 'coverage', 'registry', 'startedAt'), (value, key) => {
        const text = edited((data) => Object.assign(data, { [key]: value }));
        const parsed = parseSavedAudit(text);
        expect('audit' in parsed || parsed.faults.length > 0).toBe(true);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
    expect(faultsOf('['.repeat(200_000))).toHaveLength(1);
    expect(faultsOf(`{"schema":"portreeve/audit/v1","listeners":${'['.repeat(5000)}${']'.repeat(5000)}}`).length).toBeGreaterThan(0);
  });
});
