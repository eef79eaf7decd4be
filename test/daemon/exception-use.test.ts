import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { createExceptionUse } from '../../src/daemon/exception-use.ts';

const exceptedBy = (...ids: readonly (string | null)[]) =>
  [{ findings: ids.map((id) => ({ excepted: id === null ? null : { id, reason: '', expires: null } })) }] as unknown as readonly AuditedListener[];

describe('which exceptions silenced something', () => {
  it('is noted once a day, and kept', () => {
    const use = createExceptionUse(null, '2026-01-01');
    expect(use.note(exceptedBy('licd', null), '2026-01-02')).toBe(true);
    expect(use.note(exceptedBy('licd'), '2026-01-02')).toBe(false);
    expect(use.note(exceptedBy('licd'), '2026-01-03')).toBe(true);
    const again = createExceptionUse(JSON.parse(JSON.stringify(use.save())), '2026-06-01');
    expect(again.since).toBe('2026-01-01');
    expect(again.lastUsed('licd')).toBe('2026-01-03');
    expect(again.lastUsed('other')).toBeNull();
  });

  it.each([undefined, 7, {}, { since: 'yesterday', lastUsed: {} }, { since: '2026-01-01', lastUsed: null }])('starts anew from %j', (saved) => {
    expect(createExceptionUse(saved, '2026-06-01').since).toBe('2026-06-01');
  });

  it('takes nothing from a saved value but days', () => {
    const use = createExceptionUse({ since: '2026-01-01', lastUsed: JSON.parse('{"__proto__":"2026-01-02","a":5,"b":"2026-02-02"}') as object }, '2026-06-01');
    expect(use.lastUsed('a')).toBeNull();
    expect(use.lastUsed('b')).toBe('2026-02-02');
    expect(({} as Record<string, unknown>)['2026-01-02']).toBeUndefined();
  });
});
