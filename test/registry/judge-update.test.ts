import { describe, expect, it } from 'vitest';
import type { PortFacts, PortRegistry } from '../../src/model/registry.ts';
import { judgeUpdate } from '../../src/registry/judge-update.ts';
import { createRegistry, defaultFacts } from '../../src/registry/port-table.ts';

/** A registry in which the first so many ports are assigned on tcp alone. */
function registry(assigned: number, updated = '2026-02-13'): PortRegistry {
  const named: PortFacts = { status: 'assigned', range: 'user', service: 'name', aliases: [], since: null, former: null };
  return createRegistry({ source: 'x', updated }, (port, transport) => (port < assigned && transport === 0 ? named : defaultFacts(port)));
}
const LIMITS = { maxLossPercent: 1, today: '2026-03-01' };
const judge = (before: PortRegistry, after: PortRegistry, limits = LIMITS): string[] => judgeUpdate(before, after, limits);

describe('judgeUpdate', () => {
  it('has nothing against the same again, growth, or the loss of just as much as is allowed', () => {
    expect(judge(registry(1000), registry(1000))).toEqual([]);
    expect(judge(registry(1000), registry(2000, '2026-02-20'))).toEqual([]);
    expect(judge(registry(1000), registry(990))).toEqual([]);
  });

  it('counts what is gone', () => {
    expect(judge(registry(1000), registry(989))).toEqual(['11 of 1000 assignments (1.10 %) are gone, more than 1 %: 989/tcp name, 990/tcp name, 991/tcp name, 992/tcp name, ...']);
    expect(judge(registry(1000), registry(0))).toEqual([expect.stringContaining('1000 of 1000 assignments (100 %) are gone')]);
    expect(judge(registry(1000), registry(999), { ...LIMITS, maxLossPercent: 0 })).toEqual(['1 of 1000 assignments (0.10 %) are gone, more than 0 %: 999/tcp name']);
    expect(judge(registry(1000), registry(0), { ...LIMITS, maxLossPercent: 100 })).toEqual([]);
  });

  it('wants nothing older, and nothing from the future', () => {
    expect(judge(registry(10), registry(10, '2026-02-12'))).toEqual(['it is of 2026-02-12, older than the one in force, of 2026-02-13']);
    expect(judge(registry(10), registry(10, '2026-03-02'))).toEqual([]);
    expect(judge(registry(10), registry(10, '2026-03-03'))).toEqual(['its newest entry is of 2026-03-03, and here it is 2026-03-01']);
  });

  it('tells all reasons at once', () => {
    expect(judge(registry(10), registry(1, '2020-01-01'))).toHaveLength(2);
  });
});
