import type { PortRegistry } from '../model/registry.ts';
import { checkWhole } from './check-whole.ts';
import { classifyPorts } from './classify.ts';
import type { OfficialFile } from './compile-snapshot.ts';
import { writeFacts } from './facts-format.ts';
import { formerNamesAsOf } from './former-names.ts';
import { readFacts } from './read-facts.ts';
import { readRegistryCsv } from './read-registry-csv.ts';

/** An official CSV that was checked and compiled. */
export interface CompiledUpdate {
  /** As `compileSnapshot` makes it. */
  readonly facts: string;
  /** The registry that the facts give when they are read back. */
  readonly registry: PortRegistry;
}

/**
 * Facts of an official CSV that is to follow the registry in force, from which it inherits the names of ports that lost
 * their assignment.
 * @throws PortreeveError `registry-invalid` for what is not a whole official CSV
 */
export function compileUpdate(file: OfficialFile, inForce: PortRegistry): CompiledUpdate {
  const csv = readRegistryCsv(file.content, file.name);
  checkWhole(csv);
  const facts = writeFacts(csv.updated, classifyPorts(csv, formerNamesAsOf(inForce, csv.updated)));
  return { facts, registry: readFacts(facts, file.name) };
}
