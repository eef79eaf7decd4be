import { describe, expect, it } from 'vitest';
import { createExceptionUse } from '../../src/daemon/exception-use.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import { countUnusedDays, MOST_WATCHED_EXCEPTIONS } from '../../src/model/exception-usage.ts';

const exceptedBy = (...ids: readonly (string | null)[]) =>
  [{ findings: ids.map((id) => ({ excepted: id === null ? null : { id, reason: '', expires: null } })) }] as unknown as readonly AuditedListener[];

const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('which exceptions silenced something', () => {
  it('is kept over a restart', () => {
    const use = createExceptionUse(null);
    use.note(exceptedBy('licd', null), '2026-01-01');
    use.watch(['licd', 'other'], '2026-01-01');
    use.note(exceptedBy('licd'), '2026-01-03');
    const again = createExceptionUse(saved(use.save()));
    again.watch(['licd', 'other'], '2026-06-01');
    expect(countUnusedDays(again.usage, 'licd', '2026-01-10')).toBe(7);
    expect(countUnusedDays(again.usage, 'other', '2026-01-10')).toBe(9);
  });

  it('is not known of an exception that came later until it has been watched as long', () => {
    const use = createExceptionUse(null);
    use.watch(['old'], '2026-01-01');
    use.watch(['old', 'new'], '2026-04-01');
    expect(countUnusedDays(use.usage, 'old', '2026-04-02')).toBe(91);
    expect(countUnusedDays(use.usage, 'new', '2026-04-02')).toBe(1);
    expect(countUnusedDays(use.usage, 'elsewhere', '2026-04-02')).toBeNull();
  });

  it('is forgotten with the exception', () => {
    const use = createExceptionUse(null);
    use.watch(['licd'], '2026-01-01');
    use.note(exceptedBy('licd'), '2026-01-02');
    use.watch([], '2026-01-03');
    expect(use.save()).toEqual({ watchedSince: {}, lastUsed: {} });
    use.watch(['licd'], '2026-01-04');
    expect(countUnusedDays(use.usage, 'licd', '2026-01-04')).toBe(0);
  });

  it.each([undefined, 7, {}, [], { watchedSince: 'yesterday', lastUsed: 4 }, { since: '2026-01-01', lastUsed: null }])('starts anew from %j', (value) => {
    expect(createExceptionUse(value).save()).toEqual({ watchedSince: {}, lastUsed: {} });
  });

  it('takes nothing from a saved value but days', () => {
    const days = JSON.parse('{"__proto__":"2026-01-02","a":5,"b":"2026-02-02","c":"2026-13-45"}') as object;
    const { usage } = createExceptionUse({ watchedSince: days, lastUsed: {} });
    expect([...usage.watchedSince]).toEqual([['__proto__', '2026-01-02'], ['b', '2026-02-02']]);
    expect(({} as Record<string, unknown>)['2026-01-02']).toBeUndefined();
  });

  it('stays within its bounds, and then still counts what it knows', () => {
    const ids = Array.from({ length: MOST_WATCHED_EXCEPTIONS + 5 }, (_, index) => `e${index}`);
    const use = createExceptionUse(null);
    use.note(exceptedBy(...ids), '2026-01-01');
    use.watch(ids, '2026-01-01');
    use.note(exceptedBy(...ids), '2026-01-02');
    expect([use.usage.watchedSince.size, use.usage.lastUsed.size]).toEqual([MOST_WATCHED_EXCEPTIONS, MOST_WATCHED_EXCEPTIONS]);
    expect(use.usage.lastUsed.get('e0')).toBe('2026-01-02');
  });
});
