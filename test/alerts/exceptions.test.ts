import { describe, expect, it } from 'vitest';
import type { ExceptionStanding } from '../../src/alerts/exceptions.ts';
import { aHost } from './fixture.ts';

const standing = (partial: Partial<ExceptionStanding> = {}): ExceptionStanding => ({ id: 'licence-server', expires: '2026-12-31', daysLeft: 39, unusedDays: null, owner: 'build-team', file: '/etc/portreeve/rules.d/local.yaml', line: 12, ...partial });

/** Days as they pass, and what was told on each: `DAY STAGE`. */
function tell(days: readonly Partial<ExceptionStanding>[]): readonly string[] {
  const host = aHost();
  return days.flatMap((partial, day) => host.book.exceptions([standing(partial)]).map(({ detail }) => `${day} ${detail['stage']}`));
}

describe('an exception', () => {
  it('is announced once before it expires, and once when it has', () => {
    expect(tell([15, 14, 13, 1, 0, -1, -2, -100].map((daysLeft) => ({ daysLeft })))).toEqual(['1 expiring', '5 expired']);
  });

  it('is announced anew when it was renewed', () => {
    expect(tell([{ daysLeft: 3 }, { daysLeft: 368, expires: '2027-12-31' }, { daysLeft: 3, expires: '2027-12-31' }])).toEqual(['0 expiring', '2 expiring']);
  });

  it('is not announced again when the clock is set back', () => {
    expect(tell([{ daysLeft: 3 }, { daysLeft: -1 }, { daysLeft: 3 }, { daysLeft: 30 }, { daysLeft: 3 }, { daysLeft: -1 }])).toEqual(['0 expiring', '1 expired']);
  });

  it('that nothing uses is announced once, and again when it was used in between', () => {
    expect(tell([{ unusedDays: 90 }, { unusedDays: 91 }, {}, { unusedDays: 90 }])).toEqual(['0 unused', '3 unused']);
  });

  it('that has expired is not called unused besides, and one that is gone is forgotten', () => {
    expect(tell([{ daysLeft: -1, unusedDays: 400 }])).toEqual(['0 expired']);
    const host = aHost();
    host.book.exceptions([standing({ daysLeft: -1 })]);
    host.book.exceptions([]);
    expect(host.book.save().notices).toEqual([]);
  });

  it('says which, where, whose, and what to do', () => {
    const host = aHost();
    const messages = [{ daysLeft: 13 }, { daysLeft: 0, id: 'today' }, { daysLeft: -1 }, { unusedDays: 90, id: 'idle', expires: null, daysLeft: null, owner: null, line: null }].flatMap((partial) => host.book.exceptions([standing(partial)]));
    expect(messages.map(({ message, severity }) => `${severity}: ${message}`)).toEqual([
      'notice: exception licence-server (/etc/portreeve/rules.d/local.yaml:12, owner build-team) expires at the end of 2026-12-31, in 13 days: renew it or let it go',
      'notice: exception today (/etc/portreeve/rules.d/local.yaml:12, owner build-team) expires at the end of 2026-12-31, today: renew it or let it go',
      'warning: exception licence-server (/etc/portreeve/rules.d/local.yaml:12, owner build-team) expired at the end of 2026-12-31: what it silenced alerts again',
      'notice: exception idle (/etc/portreeve/rules.d/local.yaml) was used by no listener for 90 days: delete it, before something else hides behind it',
    ]);
    expect(messages[0]?.detail).toEqual({ exception: 'licence-server', stage: 'expiring', expires: '2026-12-31', daysLeft: 13, unusedDays: null, owner: 'build-team' });
  });
});
