import { describe, expect, it } from 'vitest';
import type { InstallationPlan } from '../../src/model/installation.ts';
import { renderInstallation, renderInstallationJson, renderNext, renderStep } from '../../src/reports/installation.ts';

const TEXT = { columns: 80, colour: false, ascii: true };
const PLAN: InstallationPlan = {
  action: 'install',
  steps: [
    { kind: 'make-folder', path: '/etc/portreeve', mode: 0o755 },
    { kind: 'write', path: '/etc/a', text: 'x', mode: 0o644, replaces: true },
    { kind: 'write', path: '/etc/b', text: 'x', mode: 0o644, replaces: false },
    { kind: 'record', path: '/var/r', text: '{}' },
    { kind: 'command', command: ['systemctl', 'daemon-reload'], mayFail: false },
  ],
  left: [
    { path: '/etc/c', reason: 'changed', beside: '/etc/c.new' },
    { path: '/etc/d', reason: 'as-wanted', beside: null },
  ],
  warnings: ['Others may write \u001b[2J/opt.'],
  next: 'See how it is.',
};
const render = (plan: InstallationPlan) => [...renderInstallation(plan, TEXT)].join('');

describe('the plan of an installation', () => {
  it('is a line for each step, then what stays and what should not', () => {
    expect(render(PLAN)).toBe(
      [
        'To install the service:',
        '  make   /etc/portreeve/',
        '  write  /etc/a (in place of an earlier one, unchanged since)',
        '  write  /etc/b',
        '  write  /var/r (what was installed)',
        '  run    systemctl daemon-reload',
        '  leave  /etc/c: changed since it was installed; what belongs there is in /etc/c.new',
        'warning: Others may write \\x1b[2J/opt.',
        '',
      ].join('\n'),
    );
  });

  it('says that nothing is to be written, or to be removed', () => {
    expect(render({ ...PLAN, steps: PLAN.steps.slice(-1), left: [], warnings: [] })).toBe('Every file is in place.\n  run    systemctl daemon-reload\n');
    expect(render({ ...PLAN, action: 'uninstall', steps: [], left: [], warnings: [] })).toBe('Nothing is installed.\n');
  });

  it('names what a removal leaves, and why', () => {
    const left: InstallationPlan['left'] = [
      { path: '/etc/c', reason: 'changed', beside: null },
      { path: '/etc/e', reason: 'not-ours', beside: null },
      { path: '/var/lib/portreeve', reason: 'state', beside: null },
    ];
    expect(render({ ...PLAN, action: 'uninstall', steps: [{ kind: 'remove', path: '/etc/a' }, { kind: 'remove-folder', path: '/etc/x' }], left, warnings: [] })).toBe(
      [
        'To remove the service:',
        '  remove /etc/a',
        '  remove /etc/x/',
        '  leave  /etc/c: changed since it was installed',
        '  leave  /etc/e: not installed by portreeve',
        '  leave  /var/lib/portreeve/: history and state; remove it yourself if nobody needs it',
        '',
      ].join('\n'),
    );
  });

  it('tells of a step that failed and may', () => {
    expect(renderStep({ kind: 'command', command: ['journalctl', '--update-catalog'], mayFail: true }, TEXT, 'no such\ncommand')).toBe('  run    journalctl --update-catalog (failed, which does no harm here: no such\\ncommand)\n');
    expect(renderNext(PLAN, TEXT)).toEqual(['See how it is.\n']);
  });

  it('is data too', () => {
    expect(JSON.parse(renderInstallationJson(PLAN))).toEqual({ schema: 'portreeve/installation/v1', ...PLAN });
  });
});
