import { describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/model/doctor.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderDoctor, renderDoctorJson } from '../../src/reports/doctor.ts';

const REPORT: DoctorReport = {
  schema: 'portreeve/doctor/v1',
  version: '0.1.0',
  host: { name: 'db1', os: 'Linux', kernel: '6.12.1' },
  ready: false,
  checks: [
    { name: 'privileges', state: 'missing', finding: 'uid 1000, without CAP_SYS_PTRACE', cost: 'not to be seen: the executables and descriptors of other users', remedy: 'sudo portreeve audit --now', needed: true },
    { name: 'processes', state: 'ok', finding: '/proc shows the processes of all users', cost: null, remedy: null, needed: false },
    { name: 'kernel-events', state: 'limited', finding: 'tracefs is not mounted', cost: 'the daemon polls', remedy: 'mount -t tracefs nodev /sys/kernel/tracing', needed: false },
    { name: 'memory', state: 'not-applicable', finding: 'this cgroup has no limit', cost: null, remedy: null, needed: false },
  ],
};
const text = (columns: number, report = REPORT, colour = false): string => [...renderDoctor(report, { columns, colour, ascii: false })].join('');

describe('what the doctor tells', () => {
  it('is a line for each check, and what a lack costs and what mends it', () => {
    expect(text(80)).toBe(
      [
        'portreeve 0.1.0 on db1, Linux 6.12.1',
        '',
        'MISSING  privileges          uid 1000, without CAP_SYS_PTRACE',
        '                             costs: not to be seen: the executables and',
        '                                    descriptors of other users',
        '                             mend:  sudo portreeve audit --now',
        'ok       processes           /proc shows the processes of all users',
        'limited  kernel-events       tracefs is not mounted',
        '                             costs: the daemon polls',
        '                             mend:  mount -t tracefs nodev /sys/kernel/tracing',
        '-        memory              this cgroup has no limit',
        '',
        'No complete audit can be made here: of 4 checks, 1 missing, 1 limited.',
        '',
      ].join('\n'),
    );
  });

  it('keeps to any width', () => {
    for (const columns of [30, 45, 60, 100]) expect(Math.max(...text(columns).split('\n').map(displayWidth))).toBeLessThanOrEqual(columns);
  });

  it('says good news in the end', () => {
    const [, processes] = REPORT.checks;
    expect(text(80, { ...REPORT, ready: true, checks: [processes!] })).toContain('A complete audit can be made here: of 1 check, none lacks anything.');
  });

  it('shows nothing that a terminal would obey, and means nothing by colours alone', () => {
    const [check] = REPORT.checks;
    const hostile = { ...REPORT, host: { ...REPORT.host, name: 'a\x1b[2J' }, checks: [{ ...check!, finding: 'b\x1b[31m\u202ec', remedy: 'd\n\x07' }] };
    expect(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(text(80, hostile))).toBe(false);
    expect(text(80, REPORT, true).replace(/\x1b\[[0-9;]*m/g, '')).toBe(text(80));
  });

  it('is data as JSON', () => {
    expect(JSON.parse(renderDoctorJson(REPORT))).toEqual(REPORT);
  });
});
