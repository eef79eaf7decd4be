import type { PortRegistry } from '../model/registry.ts';
import type { RegistryRow } from './read-registry-csv.ts';

/** The longest of the official files has 63 characters. */
const LONGEST_REPORT = 400;

/**
 * The reports of unauthorised use in an official CSV: some 110 rows of 14,500, in the registry's words. A report about
 * a range stands for each of its ports, since the words say which one they mean.
 */
export function findUnauthorizedUse(rows: readonly RegistryRow[]): NonNullable<PortRegistry['unauthorizedUse']> {
  const reported = rows.filter((row) => row.unauthorizedUse !== '');
  return (port, transport) => {
    const covering = reported.filter((row) => row.first <= port && port <= row.last && (row.transport === null || row.transport === transport));
    const reports = new Set(covering.map((row) => row.unauthorizedUse.slice(0, LONGEST_REPORT)));
    return reports.size === 0 ? null : [...reports].join('; ').slice(0, LONGEST_REPORT);
  };
}
