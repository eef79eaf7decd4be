import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnerView, OwnerViewWish } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { AskKernel } from '../model/socket-holders.ts';
import { reasonNotToAsk } from '../sources/bpf/may-ask.ts';

/** From so many processes on, asking the kernel takes less time than a walk through /proc, whatever these have open. */
const MANY_PROCESSES = 100;

export interface KernelQuestion {
  /** Undefined where the kernel is not to be asked. */
  readonly ask: AskKernel | undefined;
  /** How owners were found so far. */
  view(): OwnerView;
}

/**
 * The quicker way to the owners of sockets: a BPF program, which is loaded where there are many processes and the kernel lets
 * us, or else where it was asked for. What it takes to do so is loaded only then.
 * @throws PortreeveError by `ask`, `source-unsupported`, where it was asked for and cannot be had
 */
export function prepareKernelQuestion(wish: OwnerViewWish, proc: string): KernelQuestion {
  let view: OwnerView = 'proc';
  let isRefused = false;
  const ask: AskKernel = async (wanted, processes) => {
    if (isRefused || (wish === 'auto' && processes < MANY_PROCESSES)) return null;
    try {
      const reason = reasonNotToAsk(readOwnStatus(proc));
      if (reason !== null) throw new PortreeveError('source-unsupported', `the kernel cannot be asked for owners: ${reason}`, { hint: 'use --owners proc' });
      const { askSocketHolders } = await import('../sources/bpf/socket-holders.ts');
      const found = await askSocketHolders(wanted);
      view = 'bpf';
      return found;
    } catch (error) {
      if (wish === 'bpf' || !(error instanceof PortreeveError)) throw error;
      isRefused = true;
      return null;
    }
  };
  return { ask: wish === 'proc' || process.platform !== 'linux' ? undefined : ask, view: () => view };
}

function readOwnStatus(proc: string): string {
  try {
    return readFileSync(join(proc, 'self/status'), 'latin1');
  } catch (cause) {
    throw new PortreeveError('source-unsupported', `the kernel cannot be asked for owners: ${proc} does not show this process`, { hint: 'use --owners proc', cause });
  }
}
