import { describe, expect, it } from 'vitest';
import { coverageOf, type GapCode } from '../../src/model/coverage.ts';
import { createCoverageWatch } from '../../src/daemon/coverage-watch.ts';

const lacking = (...codes: readonly GapCode[]) => coverageOf('netlink', codes.map((code) => ({ code, detail: `lack of ${code}`, count: 1, hides: 'owners' })));
const whole = lacking();

describe('what the daemon cannot see', () => {
  it('is told when it lasts, once, and again when it has changed', () => {
    const watch = createCoverageWatch(null);
    expect(watch.note(lacking('processes-unreadable'))).toEqual([]);
    expect(watch.note(lacking('processes-unreadable'))).toMatchObject([{ kind: 'coverage', severity: 'warning', message: 'portreeve cannot see everything: lack of processes-unreadable' }]);
    expect(watch.note(lacking('processes-unreadable'))).toEqual([]);
    expect([watch.note(whole), watch.note(whole), watch.note(whole)]).toMatchObject([[], [{ severity: 'notice', detail: { complete: true } }], []]);
  });

  it('is no news for one sweep alone, nor after a restart', () => {
    const watch = createCoverageWatch(null);
    expect([lacking('dump-interrupted'), whole, lacking('dump-interrupted'), whole, whole].flatMap((coverage) => watch.note(coverage))).toEqual([]);
    const before = createCoverageWatch(null);
    before.note(lacking('pid-namespace'));
    before.note(lacking('pid-namespace'));
    const after = createCoverageWatch(JSON.parse(JSON.stringify(before.save())));
    expect([after.note(lacking('pid-namespace')), after.note(lacking('pid-namespace'))]).toEqual([[], []]);
  });

  it('is a notice where less is hidden than before', () => {
    const watch = createCoverageWatch(['pid-namespace', 'owners-unknown']);
    watch.note(lacking('pid-namespace'));
    expect(watch.note(lacking('pid-namespace'))).toMatchObject([{ severity: 'notice', detail: { gaps: 'pid-namespace', complete: false } }]);
  });

  it('is not what hides nothing', () => {
    const watch = createCoverageWatch(null);
    const details = coverageOf('procfs', [{ code: 'source-fallback', detail: '', count: 1, hides: 'details' }]);
    expect([watch.note(details), watch.note(details)]).toEqual([[], []]);
  });
});
