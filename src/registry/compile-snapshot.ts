import { PortreeveError } from '../model/errors.ts';
import { checkWhole } from './check-whole.ts';
import { classifyPorts } from './classify.ts';
import { writeFacts } from './facts-format.ts';
import { collectFormerNames } from './former-names.ts';
import { invalidRegistry } from './invalid-registry.ts';
import { registryOfBlocks } from './port-table.ts';
import type { RegistryCsv } from './read-registry-csv.ts';
import { readRegistryCsv } from './read-registry-csv.ts';
import { isFullDate, parseRegistryDate } from './registry-date.ts';

/** An official CSV: its bytes, and its name for messages. */
export interface OfficialFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Facts text (see `iana.facts`) from the newest official CSV. Older ones, in any order, only give the names of ports
 * that are not assigned any more. Of the CSV's text nothing else is kept: no descriptions, no people.
 * @param date the snapshot's day, YYYY-MM-DD; without it the newest in the data
 * @throws PortreeveError `registry-invalid` for a file that is not a whole official CSV, or one among `older` that is not
 *   older; `usage` for a date that is none, or from before the data
 */
export function compileSnapshot(current: OfficialFile, older: readonly OfficialFile[], date?: string): string {
  const csv = readWhole(current);
  const updated = date ?? csv.updated;
  const day = parseRegistryDate(updated);
  if (day === null || !isFullDate(day)) throw new PortreeveError('usage', `${JSON.stringify(updated)} is not a date.`, { hint: 'Write it as YYYY-MM-DD.' });
  if (day < csv.updated) throw new PortreeveError('usage', `${current.name} has an entry of ${csv.updated}, so it cannot be the registry of ${day}.`);

  const before = older.map((file) => {
    const past = readWhole(file);
    if (past.updated >= csv.updated) throw invalidRegistry(file.name, null, `its newest entry is of ${past.updated}, so it is not older than ${current.name} (${csv.updated})`, 'Name the newest file first, then those before it.');
    return registryOfBlocks({ source: file.name, updated: past.updated }, classifyPorts(past, new Map()));
  });
  return writeFacts(day, classifyPorts(csv, collectFormerNames(before)));
}

function readWhole(file: OfficialFile): RegistryCsv {
  const csv = readRegistryCsv(file.content, file.name);
  checkWhole(csv);
  return csv;
}
