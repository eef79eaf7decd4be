import type { InstallationPlan, InstallStep, LeftAlone } from '../model/installation.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { showText } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const VERB_WIDTH = 'remove '.length;

export function renderInstallationJson(plan: InstallationPlan): string {
  return `${formatJson({ schema: 'portreeve/installation/v1', ...plan }, 2)}\n`;
}

/** What would be done, a line each, in the order in which it would be; then what stays. */
export function* renderInstallation(plan: InstallationPlan, options: TextOptions): Generator<string> {
  const nothing = plan.action === 'install' ? 'Every file is in place.' : 'Nothing is installed.';
  const heading = plan.action === 'install' ? 'To install the service:' : 'To remove the service:';
  yield `${paint(plan.steps.every(({ kind }) => kind === 'command') ? nothing : heading, 'bold', options.colour)}\n`;
  for (const step of plan.steps) yield renderStep(step, options);
  yield* renderLeft(plan, options);
}

/** What stays as it is, and what should not. */
export function* renderLeft({ action, left, warnings }: InstallationPlan, options: TextOptions): Generator<string> {
  for (const each of left) if (each.reason !== 'as-wanted' || action === 'uninstall') yield line('leave', describeLeft(each, action), options);
  for (const warning of warnings) {
    for (const text of wrapText(`warning: ${showText(warning, options)}`, options.columns, '', INDENT)) yield `${paint(text, 'warning', options.colour)}\n`;
  }
}

/** How to go on once all is done. */
export function renderNext({ next }: InstallationPlan, options: TextOptions): readonly string[] {
  return wrapText(showText(next, options), options.columns).map((text) => `${text}\n`);
}

/** A step: planned and done read alike, so that the two lists can be laid side by side. */
export function renderStep(step: InstallStep, options: TextOptions, failure: string | null = null): string {
  const [verb, what] = describeStep(step);
  return line(verb, failure === null ? what : `${what} (failed, which does no harm here: ${failure})`, options);
}

function line(verb: string, what: string, options: TextOptions): string {
  return `${INDENT}${verb.padEnd(VERB_WIDTH)}${showText(what, options)}\n`;
}

function describeStep(step: InstallStep): readonly [string, string] {
  switch (step.kind) {
    case 'make-folder':
      return ['make', `${step.path}/`];
    case 'write':
      return ['write', step.replaces ? `${step.path} (in place of an earlier one, unchanged since)` : step.path];
    case 'record':
      return ['write', `${step.path} (what was installed)`];
    case 'remove':
      return ['remove', step.path];
    case 'remove-folder':
      return ['remove', `${step.path}/`];
    case 'command':
      return ['run', step.command.join(' ')];
  }
}

function describeLeft({ path, reason, beside }: LeftAlone, action: InstallationPlan['action']): string {
  switch (reason) {
    case 'as-wanted':
      return `${path}, as it is`;
    case 'changed':
      return action === 'uninstall' ? `${path}: changed since it was installed` : `${path}: changed since it was installed; what belongs there is in ${beside ?? path}`;
    case 'not-ours':
      return `${path}: not installed by portreeve`;
    case 'state':
      return `${path}/: history and state; remove it yourself if nobody needs it`;
  }
}
