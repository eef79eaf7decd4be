import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../model/errors.ts';
import { createProblemLog, type ProblemLog } from '../yaml/problem-log.ts';
import { describeReadFailure, readTextFile } from '../yaml/read-text-file.ts';

/** Ten times what 5,000 rules take. */
const LARGEST_FILE = 4 * 1024 * 1024;

export interface PolicySource {
  readonly file: string;
  readonly text: string;
}

export interface PolicySources {
  readonly sources: readonly PolicySource[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the policy files that the paths stand for: a file, or a folder with its `*.yaml` and `*.yml` sorted by name
 * (rule tests, `*.test.yaml`, and hidden files left out, as a shell's `*` does), of which there must be one. What cannot
 * be read is a problem, never an exception; a FIFO or a device is not waited for.
 */
export async function readPolicyPaths(paths: readonly string[]): Promise<PolicySources> {
  const sources: PolicySource[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const log = createProblemLog(path, 'unreadable');
    const files = await listFiles(path, log);
    problems.push(...log.problems);
    for (const file of files) {
      const fileLog = createProblemLog(file, 'unreadable');
      const text = await readPolicyText(file, fileLog);
      problems.push(...fileLog.problems);
      if (text !== null) sources.push({ file, text });
    }
  }
  return { sources, problems };
}

async function listFiles(path: string, log: ProblemLog): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter(isPolicyName).sort();
    if (names.length === 0) log.error(null, 'this folder holds no policy file (*.yaml, *.yml)');
    return names.map((name) => join(path, name));
  } catch (error) {
    log.error(null, ...describeReadFailure(error));
    return [];
  }
}

/** Whether a file of this name in a folder of policies is one. */
export function isPolicyName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.');
}

/** Text of one policy file; null where it cannot be read, which is logged. */
export function readPolicyText(file: string, log: ProblemLog): Promise<string | null> {
  return readTextFile(file, log, { what: 'a policy file', most: LARGEST_FILE, tooLarge: 'Split it into several files.' });
}
