import type { FilePosition } from '../model/errors.ts';
import type { FailedRuleTest, RuleExpectation, RuleTestReport, UntestedRule } from '../model/rule-test.ts';
import { formatJson } from '../model/ascii-json.ts';
import { failureLabel } from './explain-host.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

const EXPECTED: Readonly<Record<RuleExpectation, string>> = {
  match: 'a finding, silenced or not',
  found: 'a finding that no exception silences',
  excepted: 'a finding that an exception silences',
  none: 'no finding',
};

const LACKS: Readonly<Record<UntestedRule['lacks'][number], string>> = {
  match: 'no case that it must match',
  none: 'no case that it must not match',
};

export function renderRuleTestsJson(report: RuleTestReport): string {
  const { schema, files, cases, rules, failed, untested } = report;
  return `${formatJson({ schema, files, cases, rules, failed, untested }, 2)}\n`;
}

/** Each failure with its place, as compilers write it, and what was expected beside what came; the sum comes last. */
export function renderRuleTests(report: RuleTestReport, options: TextOptions): string[] {
  const { failed, untested } = report;
  return [
    ...failed.flatMap((test) => [...renderFailure(test, options), '']),
    ...(untested ?? []).flatMap((rule) => wrapText(untestedLine(rule, options), options.columns, '', INDENT)),
    ...((untested ?? []).length === 0 ? [] : ['']),
    paint(summary(report), failed.length > 0 ? 'error' : 'bold', options.colour),
  ];
}

function renderFailure({ name, position, differences }: FailedRuleTest, options: TextOptions): string[] {
  return [
    paint(`${placeText(position, options)}: ${showText(name, options)}`, 'bold', options.colour),
    ...differences.flatMap((difference) => [
      `${INDENT}${placeText(difference.position, options)}: ${showText(difference.rule, options)}`,
      ...wrapText(`expected: ${EXPECTED[difference.expected]}`, options.columns, INDENT.repeat(2), INDENT.repeat(3)),
      ...wrapText(`found: ${foundText(difference, options)}`, options.columns, INDENT.repeat(2), INDENT.repeat(3)),
    ]),
  ];
}

function foundText({ found, expected, decision, meant }: FailedRuleTest['differences'][number], options: TextOptions): string {
  switch (found) {
    case 'unknown-rule':
      return `no such rule in force${meant === null ? '' : `; did you mean ${showText(meant, options)}?`}`;
    case 'none':
      return decision === null ? 'no finding' : `no finding: ${failureLabel(decision, options)}`;
    case 'excepted': {
      const silencing = decision?.exceptions.find(({ truth }) => truth === 'true');
      return `a finding that ${silencing === undefined ? 'an exception' : `the exception ${showText(silencing.exception, options)}`} silences`;
    }
    case 'found': {
      const tried = expected === 'excepted' ? (decision?.exceptions ?? []) : [];
      const reasons = tried.map((each) => `${showText(each.exception, options)}: ${failureLabel(each, options)}`);
      const missing = expected === 'excepted' && tried.length === 0 ? '; no exception names the rule' : '';
      return `a finding${reasons.length === 0 ? missing : `; exceptions tried: ${reasons.join('; ')}`}`;
    }
  }
}

function untestedLine({ rule, position, lacks }: UntestedRule, options: TextOptions): string {
  return `${placeText(position, options)}: ${showText(rule, options)} has ${lacks.map((lack) => LACKS[lack]).join(', and ')}`;
}

function summary({ files, cases, rules, failed, untested }: RuleTestReport): string {
  if (files.length === 0) return 'There are no rule tests here.';
  const tests = `${count(cases, 'case')} of ${count(files.length, 'file')}`;
  const outcome = failed.length === 0 ? `${tests}: all pass.` : `${tests}: ${failed.length} failed.`;
  if (untested === null) return outcome;
  const covered = rules - untested.length;
  return `${outcome} ${covered} of ${count(rules, 'rule')} ${covered === 1 ? 'has' : 'have'} a case that must match and one that must not.`;
}

function placeText({ file, line, column }: FilePosition, options: TextOptions): string {
  return [showText(file, options), line, column].filter((part) => part !== null).join(':');
}
