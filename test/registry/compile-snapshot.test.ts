import { describe, expect, it } from 'vitest';
import { compileSnapshot } from '../../src/registry/compile-snapshot.ts';
import { readFacts } from '../../src/registry/read-facts.ts';
import { registryCsv, wholeRegistryCsv } from './registry-csv.ts';

const file = (name: string, content: Buffer): { name: string; content: Buffer } => ({ name, content });
const current = file('now.csv', wholeRegistryCsv(new Map([[4000, [{ port: '4000', description: 'Reserved' }]]])));
const named = (service: string) => new Map([[4000, [{ port: '4000', transport: 'tcp', service } as const]]]);

describe('compileSnapshot', () => {
  it('takes a lost name from the newest older file that has one, in whatever order they come', () => {
    const older = [
      file('2020.csv', wholeRegistryCsv(named('younger'), '2020-01-01')),
      file('2018.csv', wholeRegistryCsv(named('eldest'), '2018-01-01')),
      file('2022.csv', wholeRegistryCsv(new Map([[4000, [{ port: '4000', description: 'Reserved' }]]]), '2022-01-01')),
    ];
    for (const files of [older, [...older].reverse()]) {
      const registry = readFacts(compileSnapshot(current, files), 'x');
      expect(registry.lookup(4000, 'tcp')).toMatchObject({ status: 'reserved', former: 'younger' });
      expect(registry.lookup(4000, 'udp').former).toBeNull();
      expect(registry.lookup(22, 'tcp')).toMatchObject({ service: 'ssh', former: null });
    }
  });

  it('carries the newest date of the data, or the one that is given', () => {
    expect(readFacts(compileSnapshot(current, []), 'x').updated).toBe('2026-02-13');
    expect(readFacts(compileSnapshot(current, [], '2026-03-01'), 'x').updated).toBe('2026-03-01');
  });

  it('makes the same text of the same files', () => {
    expect(compileSnapshot(current, [])).toBe(compileSnapshot(current, []));
  });

  it.each([
    ['a date that is none', '2026-02-30', 'usage'],
    ['a month', '2026-03', 'usage'],
    ['a date from before the data', '2026-02-12', 'usage'],
  ])('refuses %s', (_, date, code) => {
    expect(() => compileSnapshot(current, [], date)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('refuses a file that is not whole, in either place, and an older one that is not older', () => {
    const part = file('part.csv', registryCsv([{ service: 'ssh', port: '22' }], '2020-01-01'));
    const invalid = (name: string): Error => expect.objectContaining({ code: 'registry-invalid', message: expect.stringMatching(`^${name}:`) as string }) as Error;
    expect(() => compileSnapshot(part, [])).toThrow(invalid('part.csv'));
    expect(() => compileSnapshot(current, [part])).toThrow(invalid('part.csv'));
    expect(() => compileSnapshot(current, [file('same.csv', current.content)])).toThrow(invalid('same.csv'));
  });
});
