// What the command line needs of the last stage: it knows the pass, and no stage by itself.
export { renderExplanation, renderExplanationJson } from '../reports/explain.ts';
export { renderError, renderProblem } from '../reports/problems.ts';
export { renderAudit, REPORT_FORMATS, type ReportFormat } from '../reports/render.ts';
export { chooseTextOptions, type TextOptions } from '../reports/text-options.ts';
export { renderSuggestion, renderSuggestionJson } from '../reports/suggest.ts';
