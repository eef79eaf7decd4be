import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import type { InstallationPlan, InstallStep } from '../model/installation.ts';
import { replaceFiles } from '../model/replace-file.ts';
import { cleanText } from '../model/untrusted-text.ts';
import type { HostFiles } from './host-files.ts';
import type { CommandRunner } from './run-command.ts';

export interface ApplyOptions {
  readonly host: HostFiles;
  readonly run: CommandRunner;
  /** Told of each step once it is done; `failure` of one that may fail and did. */
  readonly onDone: (step: InstallStep, failure: string | null) => Promise<void>;
}

/**
 * Does what a plan says, in order, each file whole or not at all. Stopped in the middle, it can be planned and applied again.
 * @throws PortreeveError `service-failed` at the first step that fails: which it was, why, and how to go on
 */
export async function applyPlan({ action, steps }: InstallationPlan, { host, run, onDone }: ApplyOptions): Promise<void> {
  const again = `What is told above is done. Mend this, then run portreeve ${action}-service again: it goes on from here.`;
  for (const step of steps) {
    if (step.kind === 'command') {
      const failure = await run(step.command);
      if (failure !== null && !step.mayFail) {
        throw new PortreeveError('service-failed', `\`${step.command.join(' ')}\` failed: ${cleanText(failure, { again: true })}`, { hint: isStart(step.command) ? `journalctl -u ${step.command.at(-1) ?? ''} shows why. ${again}` : again });
      }
      await onDone(step, failure);
    } else {
      const place = host.locate(step.path);
      try {
        await change(step, place);
      } catch (cause) {
        const reason = cause instanceof PortreeveError ? cause.message : `${place}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`;
        throw new PortreeveError('service-failed', reason, { hint: again, cause });
      }
      await onDone(step, null);
    }
  }
}

async function change(step: Exclude<InstallStep, { kind: 'command' }>, place: string): Promise<void> {
  switch (step.kind) {
    case 'make-folder':
      await makeFolder(place);
      // The mode that mkdir(2) gives is less the umask.
      await chmod(place, step.mode);
      break;
    case 'write':
    case 'record': {
      const mode = step.kind === 'write' ? step.mode : 0o600;
      await makeFolder(dirname(place));
      await replaceFiles([{ path: place, content: step.text }], mode);
      await chmod(place, mode);
      break;
    }
    case 'remove':
      await unlink(place);
      break;
    case 'remove-folder':
      await rmdir(place);
  }
}

/** Node says ENOENT of a file system that is read-only, where it was to make several folders: what is wrong, the nearest that exists tells. */
async function makeFolder(place: string): Promise<void> {
  try {
    await mkdir(place, { recursive: true });
  } catch (cause) {
    let nearest = place;
    while (!existsSync(nearest)) nearest = dirname(nearest);
    await access(nearest, constants.W_OK);
    throw cause;
  }
}

function isStart(command: readonly string[]): boolean {
  return command.includes('start') || command.includes('restart');
}
