import { describe, expect, it } from 'vitest';
import { renderJson } from '../../src/reports/json.ts';
import { renderNdjson } from '../../src/reports/ndjson.ts';
import { aListener, anOwner, aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';

const NASTY = 'a\x1b[31m\x7f\x9b\u202e\u2028\ud83d\u{1f44d}"\\\n\0';

describe('renderJson', () => {
  it.each([0, 1, 8])('is one object, the report itself, with %i listeners', (length) => {
    const report = aReport(webServer().slice(0, length));
    expect(JSON.parse([...renderJson(report)].join(''))).toEqual(report);
  });

  it('is laid out as JSON.stringify does it', () => {
    for (const report of [aReport(webServer()), aReport([])]) {
      const text = [...renderJson(report)].join('');
      expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    }
  });

  it('comes in a chunk per listener', () => {
    expect([...renderJson(aReport(webServer()))]).toHaveLength(webServer().length + 2);
  });

  it('keeps the exact name of a process, in ASCII', () => {
    const text = [...renderJson(aReport([aListener({ owners: [anOwner({ name: NASTY })] })]))].join('');
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect((JSON.parse(text) as { listeners: { owners: { name: string }[] }[] }).listeners[0]!.owners[0]!.name).toBe(NASTY);
  });

  it('prints nothing that is not in the format', () => {
    const listener = { ...aListener(), secret: 'kept by a stage for itself' };
    expect([...renderJson(aReport([listener]))].join('')).not.toContain('secret');
  });

  it('starts with the schema', () => {
    expect([...renderJson(aReport([]))].join('')).toMatch(/^\{\n {2}"schema": "portreeve\/audit\/v1",\n/);
  });
});

describe('renderNdjson', () => {
  const report = aReport(webServer(), { coverage: partialCoverage() });
  const lines = [...renderNdjson(report)].join('').split('\n');
  const parsed = lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);

  it('starts with the audit: all but the listeners, and how many follow', () => {
    const { listeners, ...head } = report;
    expect(parsed[0]).toEqual({ type: 'audit', ...head });
    expect(head.summary.listeners).toBe(listeners.length);
  });

  it('has a line per listener that stands on its own and admits what was not seen', () => {
    expect(lines.at(-1)).toBe('');
    expect(parsed.slice(1)).toEqual(
      report.listeners.map((listener) => ({ type: 'listener', host: { name: 'web1' }, startedAt: report.startedAt, coverage: { complete: false }, ...listener })),
    );
  });
});
