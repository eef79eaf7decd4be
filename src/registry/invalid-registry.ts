import { PortreeveError } from '../model/errors.ts';

/** Where the official file lives; the registry's own page names the same address. */
export const OFFICIAL_CSV = 'https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.csv';

export const DOWNLOAD_HINT = `Download the file again: ${OFFICIAL_CSV}`;

/** For a file that only updates write. */
export const REPAIR_HINT = 'portreeve registry update brings a new one.';

/** The error for a registry file that is refused: `registry-invalid`, with the line (from 1) where one is known. */
export function invalidRegistry(file: string, line: number | null, what: string, hint: string = DOWNLOAD_HINT): PortreeveError {
  const where = line === null ? file : `${file}:${line}`;
  return new PortreeveError('registry-invalid', `${where}: ${what}`, {
    hint,
    problems: [{ position: { file, line, column: null }, message: what, hint, level: 'error' }],
  });
}
