import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import { parseExceptionUsage } from '../model/exception-usage.ts';
import type { PolicyCheck } from '../model/policy-check.ts';
import { checkPolicyFiles } from '../policy/check-policy.ts';
import type { UnusedLimit } from '../policy/lint-exceptions.ts';
import { listPresentNames } from '../registry/find-service.ts';
import { peekState } from '../state/state-file.ts';
import { statePaths } from '../state/state-paths.ts';
import { explainUnknownFields } from './policy-facts.ts';
import { isShipped, listLocalPolicies, localDate, readPolicyDocuments, SHIPPED_RULES, type PolicyChoice } from './policy.ts';
import { openRegistry } from './registry.ts';

export interface PolicyCheckChoice extends PolicyChoice {
  /** Where a daemon may have left what it counted. */
  readonly stateDir: string;
  /** Registry that the configuration names; null for the one in force. */
  readonly registry: string | null;
  /** Milliseconds after which an exception that silenced nothing is called unused. */
  readonly unusedAfter: number;
}

const MS_PER_DAY = 86_400_000;

/**
 * Everything wrong or doubtful in the user's files, the default folder, or where there is none the shipped packs
 * themselves. Which exceptions went unused only a daemon can tell, to who may read its state.
 */
export async function checkPolicy({ paths, shipped, now, stateDir, registry, unusedAfter }: PolicyCheckChoice): Promise<PolicyCheck> {
  const local = listLocalPolicies(paths);
  const checked = local.length === 0 ? [SHIPPED_RULES] : local;
  const { documents: packs } = shipped ? await readPolicyDocuments({ paths: [], shipped }) : { documents: [] };
  const named = new Set(checked.map(realPath));
  // Who checks the packs themselves shall not be told that every id is there twice.
  const beside = packs.filter(({ file }) => !named.has(realPath(file)) && !named.has(realPath(dirname(file))));
  const unused = await readUsage(stateDir, Math.ceil(unusedAfter / MS_PER_DAY));
  const facts = { unknownHere: explainUnknownFields(new Set(['exePackage', 'peers']), null), serviceNames: await readServiceNames(registry, stateDir) };
  const check = await checkPolicyFiles(checked, { today: localDate(now()), beside, unused, facts });
  // Most shipped exceptions are for software that this host does not have.
  return { ...check, problems: check.problems.filter(({ code, position }) => code !== 'exception-unused' || !isShipped(realPath(position.file))) };
}

async function readUsage(stateDir: string, days: number): Promise<UnusedLimit | null> {
  const saved = await peekState(statePaths(stateDir).state);
  const until = new Date(saved?.savedAt ?? NaN);
  if (saved === null || Number.isNaN(until.getTime())) return null;
  const usage = parseExceptionUsage(saved['exceptions']);
  return usage.watchedSince.size === 0 ? null : { usage, until: localDate(until), days };
}

/** Null where the registry cannot be read: that is for others to tell. */
async function readServiceNames(file: string | null, stateDir: string): Promise<(() => ReadonlySet<string>) | null> {
  try {
    const registry = await openRegistry({ file, stateDir, warn: () => undefined });
    let names: ReadonlySet<string> | null = null;
    return () => (names ??= listPresentNames(registry));
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return null;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What is wrong with it comes to light when it is read.
    return path;
  }
}
