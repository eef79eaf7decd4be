import type { Explanation, RuleDecision } from '../model/explanation.ts';
import { failureLabel, placeLabel } from './explain-host.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

/** Every rule as it was tried on every listener, in the policy's order, with the first condition that failed. */
export function renderDecisions({ listeners, decisions }: Pick<Explanation, 'listeners' | 'decisions'>, options: TextOptions): string[] {
  if (listeners.length === 0) return [];
  return [
    paint('Rules tried, in order', 'bold', options.colour),
    ...listeners.flatMap((listener) => [
      ...wrapText(placeLabel(listener, options), options.columns, INDENT, INDENT.repeat(3)),
      ...(decisions.find((each) => each.listener === listener.id)?.rules ?? []).flatMap((rule) => renderRule(rule, options)),
    ]),
  ];
}

function renderRule(decision: RuleDecision, options: TextOptions): string[] {
  const { columns, colour } = options;
  const rule = word.showText(decision.rule, options);
  if (decision.truth !== 'true') return wrapText(`${rule}: no, ${failureLabel(decision, options)}`, columns, INDENT.repeat(2), INDENT.repeat(4)).map((line) => paint(line, 'faint', colour));
  return [
    ...wrapText(`${rule}: matches, ${decision.severity}`, columns, INDENT.repeat(2), INDENT.repeat(4)).map((line) => paint(line, decision.severity, colour)),
    ...decision.exceptions.flatMap((exception) => {
      const outcome = exception.truth === 'true' ? 'silences it' : `no, ${failureLabel(exception, options)}`;
      return wrapText(`exception ${word.showText(exception.exception, options)}: ${outcome}`, columns, INDENT.repeat(3), INDENT.repeat(5));
    }),
  ];
}
