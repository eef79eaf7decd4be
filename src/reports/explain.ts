import type { Explanation, RangeExplanation, ServiceExplanation } from '../model/explanation.ts';
import { formatJson } from '../model/ascii-json.ts';
import { listenerRecord } from './audit-data.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderDecisions } from './explain-decisions.ts';
import { renderHost, renderListeners, renderPeers } from './explain-host.ts';
import { renderRangeSections } from './explain-range.ts';
import { renderHeading, renderTransports } from './explain-registry.ts';
import { renderServiceSections } from './explain-service.ts';
import { renderNextSteps } from './explain-steps.ts';
import type { TextOptions } from './text-options.ts';

/** What `portreeve explain` found: a port, a range of them, or a name that several have. */
export type AnyExplanation = Explanation | RangeExplanation | ServiceExplanation;

export interface ExplanationOptions extends TextOptions {
  /** Every rule that was tried, and every name in a range. */
  readonly verbose?: boolean;
}

/** The explanation as JSON, indented by two. Every key is named, so that keys come in one order and nothing else leaks in. */
export function renderExplanationJson(explanation: AnyExplanation): string {
  const listeners = explanation.listeners.map(listenerRecord);
  return `${formatJson(dataOf(explanation, listeners), 2)}\n`;
}

function dataOf(explanation: AnyExplanation, listeners: Explanation['listeners']): AnyExplanation {
  switch (explanation.schema) {
    case 'portreeve/explain/v1': {
      const { schema, port, name, range, registry, transports, host, peers, decisions, coverage } = explanation;
      return { schema, port, name, range, registry, transports, host, listeners, peers, decisions, coverage };
    }
    case 'portreeve/explain-range/v1': {
      const { schema, from, to, registry, transports, host, coverage } = explanation;
      return { schema, from, to, registry, transports, host, listeners, coverage };
    }
    case 'portreeve/explain-service/v1': {
      const { schema, name, registry, ports, host, coverage } = explanation;
      return { schema, name, registry, ports, host, listeners, coverage };
    }
  }
}

/** The explanation for people: the registry, the host, who listens here now, and what to do. */
export function* renderExplanation(explanation: AnyExplanation, options: ExplanationOptions): Generator<string> {
  let gap = '';
  for (const section of sectionsOf(explanation, options)) {
    if (section.length === 0) continue;
    yield `${gap}${section.join('\n')}\n`;
    gap = '\n';
  }
}

function sectionsOf(explanation: AnyExplanation, options: ExplanationOptions): string[][] {
  switch (explanation.schema) {
    case 'portreeve/explain/v1':
      return [
        renderHeading(explanation, options),
        ...renderTransports(explanation, options),
        renderHost(explanation.host, options),
        renderListeners(explanation, options),
        renderPeers(explanation, options),
        options.verbose === true ? renderDecisions(explanation, options) : [],
        explanation.coverage === null ? [] : renderCoverage(explanation.coverage, options),
        renderNextSteps(explanation, options),
      ];
    case 'portreeve/explain-range/v1':
      return renderRangeSections(explanation, options);
    case 'portreeve/explain-service/v1':
      return renderServiceSections(explanation, options);
  }
}
