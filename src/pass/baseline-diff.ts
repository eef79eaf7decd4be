import { isUtf8 } from 'node:buffer';
import { constants, open } from 'node:fs/promises';
import { compareAudits } from '../findings/compare-audits.ts';
import { parseSavedAudit } from '../findings/parse-saved-audit.ts';
import type { AuditComparison, SavedAudit } from '../model/audit-change.ts';
import { PortreeveError } from '../model/errors.ts';

export { renderComparison, renderComparisonJson } from '../reports/comparison.ts';
export { renderCoverage } from '../reports/coverage-text.ts';
export { compareAudits };

/** An audit of 10,000 listeners takes 20 MB. */
const LARGEST_FILE = 32 * 1024 * 1024;

/**
 * Reads a saved `audit --format json`.
 * @throws PortreeveError `audit-unreadable`, `audit-invalid`
 */
export async function readSavedAudit(file: string): Promise<SavedAudit> {
  const bytes = await readBytes(file);
  if (!isUtf8(bytes)) throw new PortreeveError('audit-invalid', `${file}: this is not UTF-8 text`, { hint: 'Save an audit with: portreeve audit --now --format json > FILE' });
  const parsed = parseSavedAudit(bytes.toString('utf8'));
  if ('audit' in parsed) return parsed.audit;
  const problems = parsed.faults.map((message) => ({ position: { file, line: null, column: null }, message, hint: null, level: 'error' as const }));
  throw new PortreeveError('audit-invalid', `${file}: this is no saved audit that can be compared`, { problems, hint: parsed.hint });
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    // O_NONBLOCK: opening a FIFO would otherwise wait for a writer (open(2)).
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw unreadable(file, stats.isDirectory() ? 'this is a folder' : 'this is not a regular file');
      if (stats.size > LARGEST_FILE) throw unreadable(file, `the file is larger than ${LARGEST_FILE / 1024 / 1024} MiB`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof PortreeveError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const said = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'you may not read it' : `it cannot be read (${code})`;
    throw unreadable(file, said, cause);
  }
}

function unreadable(file: string, said: string, cause?: unknown): PortreeveError {
  return new PortreeveError('audit-unreadable', `${file}: ${said}`, { hint: 'Name a file saved with: portreeve audit --now --format json > FILE', cause });
}

/** 1 where something counts; else 3 where the second scan could have missed something; else 0. */
export function comparisonExitCode({ summary, after }: AuditComparison): 0 | 1 | 3 {
  if (summary.counting > 0) return 1;
  return after.coverage.complete ? 0 : 3;
}
