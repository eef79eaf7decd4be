import type { Coverage } from '../model/coverage.ts';
import { renderCoverage } from '../pass/baseline-diff.ts';
import { textOptions } from './options.ts';
import { tell } from './tell.ts';

/** What the scan could not see goes to standard error, where standard output is data. */
export function warnOfCoverage(coverage: Coverage, options: { readonly color?: boolean }): void {
  if (!coverage.complete) tell(`${renderCoverage(coverage, textOptions('stderr', options)).join('\n')}\n`);
}
