import type { Coverage, Gap } from '../model/coverage.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { showParagraph } from './wording.ts';
import { wrapText } from './wrap.ts';

const HIDES: Readonly<Record<Gap['hides'], string>> = {
  listeners: 'Listeners may be missing',
  owners: 'Owners may be unnamed',
  details: 'Details are missing',
};

/**
 * What a scan could not see, and what each gap may hide; no lines where it saw everything. A command whose output on
 * stdout is data prints these on stderr.
 */
export function renderCoverage(coverage: Coverage, options: TextOptions): string[] {
  if (coverage.complete && coverage.gaps.length === 0) return [];
  const heading = coverage.complete ? 'Limits of the scan' : 'What the scan could not see';
  return [
    paint(heading, coverage.complete ? 'bold' : 'warning', options.colour),
    ...(['listeners', 'owners', 'details'] as const).flatMap((hides) => {
      const gaps = coverage.gaps.filter((gap) => gap.hides === hides);
      if (gaps.length === 0) return [];
      return [
        ...wrapText(`${HIDES[hides]}:`, options.columns, '  '),
        ...gaps.flatMap((gap) => wrapText(`${gap.code} (${gap.count}): ${showParagraph(gap.detail, options)}`, options.columns, '  - ', '    ')),
      ];
    }),
  ];
}
