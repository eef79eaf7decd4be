import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PolicyCheck } from '../model/policy-check.ts';
import { checkPolicyFiles } from '../policy/check-policy.ts';
import { listLocalPolicies, localDate, readPolicyDocuments, SHIPPED_RULES, type PolicyChoice } from './policy.ts';

/**
 * Everything wrong or doubtful in the user's files, the default folder, or where there is none the shipped packs
 * themselves. Which exceptions went unused only a daemon could tell: `usage` of the check stays null until one keeps count.
 */
export async function checkPolicy({ paths, shipped, now }: PolicyChoice): Promise<PolicyCheck> {
  const local = listLocalPolicies(paths);
  const checked = local.length === 0 ? [SHIPPED_RULES] : local;
  const { documents: packs } = shipped ? await readPolicyDocuments({ paths: [], shipped }) : { documents: [] };
  const named = new Set(checked.map(realPath));
  // Who checks the packs themselves shall not be told that every id is there twice.
  const beside = packs.filter(({ file }) => !named.has(realPath(file)) && !named.has(realPath(dirname(file))));
  return checkPolicyFiles(checked, { today: localDate(now()), beside });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What is wrong with it comes to light when it is read.
    return path;
  }
}
