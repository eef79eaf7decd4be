import type { Problem } from '../model/errors.ts';
import type { DoctorCheck } from '../model/doctor.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { limited, missing, works } from './outcome.ts';

/** Why an input could not be read: an error's message with its hint, and the first of its problems. */
export interface Refusal {
  readonly message: string;
  readonly hint: string | null;
  readonly problems: readonly Problem[];
}

function describe({ message, problems }: Refusal): string {
  const errors = problems.filter(({ level }) => level === 'error');
  const [first] = errors;
  if (first === undefined) return cleanText(message, { again: true });
  const { file, line } = first.position;
  const more = errors.length === 1 ? '' : `; and ${errors.length - 1} more`;
  return cleanText(`${file}${line === null ? '' : `:${line}`}: ${first.message}${more}`, { again: true });
}

export function checkConfiguration(read: { readonly file: string | null; readonly warnings: number } | Refusal): DoctorCheck {
  if ('message' in read) return missing('configuration', { finding: describe(read), cost: 'the daemon does not start with it', remedy: 'portreeve daemon --check-config tells all of it' });
  if (read.file === null) return works('configuration', 'there is none, and the defaults count');
  const file = cleanText(read.file);
  if (read.warnings === 0) return works('configuration', `${file} is valid`);
  return limited('configuration', { finding: `${file} is valid, with ${read.warnings} to be looked at`, cost: 'it may not do what it was written for', remedy: 'portreeve daemon --check-config' });
}

/** Which registry is in force, how old it is, and from which age on it counts as old. */
export interface RegistryAge {
  readonly source: string;
  readonly updated: string;
  readonly ageDays: number;
  readonly maxAgeDays: number;
}

export function checkRegistry(read: RegistryAge | Refusal): DoctorCheck {
  if ('message' in read) return missing('registry', { finding: describe(read), cost: 'no audit can be made with it', remedy: 'leave --registry out: the embedded one counts then', needed: true });
  const { source, updated, ageDays, maxAgeDays } = read;
  const finding = `of ${cleanText(updated)}, ${ageDays} days old (${cleanText(source)})`;
  if (ageDays <= maxAgeDays) return works('registry', finding);
  return limited('registry', { finding, cost: 'newer assignments read as unassigned; about 30 ports change in a year', remedy: 'sudo portreeve registry update' });
}

/** A policy that can be read. `unknown`: fields that it asks for and this host does not tell, and why. */
export interface PolicyRead {
  readonly rules: number;
  readonly exceptions: number;
  readonly warnings: number;
  readonly unknown: ReadonlyMap<string, string>;
}

export function checkPolicy(read: PolicyRead | Refusal): DoctorCheck {
  if ('message' in read) return missing('policy', { finding: describe(read), cost: 'no audit can be made with it', remedy: 'portreeve policy check tells all of it', needed: true });
  const { rules, exceptions, warnings, unknown } = read;
  const finding = `${rules} rules, ${exceptions} exceptions`;
  if (rules === 0) return limited('policy', { finding, cost: 'nothing is ever wrong: every audit is clean', remedy: 'leave --no-shipped-rules out' });
  const [field] = unknown;
  if (field !== undefined) return limited('policy', { finding: `${finding}, which ask for ${field[0]}: ${field[1]}`, cost: 'a rule that asks for it raises nothing here, and an exception silences nothing', remedy: 'portreeve policy check tells which' });
  if (warnings === 0) return works('policy', finding);
  return limited('policy', { finding: `${finding}, with ${warnings} to be looked at`, cost: 'a rule or an exception may not do what it was written for', remedy: 'portreeve policy check' });
}
