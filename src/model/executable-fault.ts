import type { Owner } from './listener.ts';
import { literalPattern } from './literal-pattern.ts';

/**
 * Why an owner's executable is nothing to build an exception on, or null. `evenSuspicious`: take one that was deleted,
 * or that never was a file, all the same.
 */
export function describeExecutableFault({ pid, exe, exeDeleted, exeReplaced, exeForeign, container }: Owner, evenSuspicious: boolean): string | null {
  if (exe === null) return `The executable of process ${pid} could not be read; run it as root.`;
  if (!exe.startsWith('/')) return `The executable of process ${pid} has no absolute path.`;
  // Node reads paths as UTF-8: two files whose names are not can come out the same.
  if (/[\ufffd\p{Cs}]/u.test(exe)) return `The path of the executable of process ${pid} is not UTF-8, so that no policy can name it.`;
  if (literalPattern(exe) === null) return `The path of the executable of process ${pid} is longer than a policy takes.`;
  // A policy silences nothing by a path that leads to another file here: a trusted path can be imitated in a file system of one's own.
  if (exeForeign === true && container === null) return `Process ${pid} runs another file than the one at ${exe} on this host.`;
  if (exeForeign === null && container === null) return `Whether process ${pid} runs the file at ${exe} on this host was not looked at: its file system may never answer.`;
  if (evenSuspicious) return null;
  if (exe.startsWith('/memfd:')) return `Process ${pid} runs from memory, not from a file.`;
  if (exeDeleted !== true) return null;
  return exeReplaced === true
    ? `Process ${pid} still runs what an upgrade has replaced; restart it and scan again.`
    : `The executable of process ${pid} was deleted.`;
}
