import { cleanText } from '../model/untrusted-text.ts';

/** A metric with all its samples. */
export interface Family {
  /** After Prometheus's rules: prefix, base unit, `_total` for what only grows. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Prometheus's text format, version 0.0.4. A family without samples is left out; of samples with the same labels the
 * first counts, for the collector refuses a whole file over two of them.
 */
export function renderFamilies(families: readonly Family[]): string {
  return families.filter(({ samples }) => samples.length > 0).map(renderFamily).join('');
}

function renderFamily({ name, help, type, samples }: Family): string {
  const lines = new Map<string, number>();
  for (const { labels, value } of samples) {
    const series = name + renderLabels(labels);
    if (!lines.has(series)) lines.set(series, value);
  }
  // A help text ends with its line, and escapes what would end it.
  const head = `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}\n`;
  return head + [...lines].map(([series, value]) => `${series} ${value}\n`).join('');
}

function renderLabels(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Longer values say no more, and cost at every scrape. */
const LONGEST_LABEL = 200;

/** Text that a process chose is made harmless first: a Prometheus shows labels on terminals and pages. */
function escapeLabel(value: string): string {
  return cleanText(value.slice(0, LONGEST_LABEL)).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
