import type { ExecSinkConfig } from '../../model/config.ts';
import type { Logger } from '../../model/logger.ts';
import type { Outgoing, Transport } from '../transport.ts';
import { runProgram } from './run-program.ts';

/** Where programs are looked up by the program that runs; the program itself is named by its absolute path. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs a program per event, with the event as JSON on its standard input; exit code 0 means that it took it. At most
 * `concurrency` run at a time, started in order. What one of them took is not given to another again, as long as the agent
 * runs, when an earlier one failed.
 */
export function sendToProgram(config: Pick<ExecSinkConfig, 'name' | 'command' | 'timeout' | 'concurrency'>, format: (outgoing: Outgoing) => string, logger: Logger): Transport {
  const { name, command, timeout, concurrency } = config;
  const taken = new Set<number>();

  async function run(outgoing: Outgoing, signal: AbortSignal): Promise<string | null> {
    const { id, kind, severity, sequence } = outgoing.event;
    if (taken.has(sequence)) return null;
    const environment = { PATH, LANG: 'C.UTF-8', PORTREEVE_SINK: name, PORTREEVE_EVENT_ID: id, PORTREEVE_KIND: kind, PORTREEVE_SEVERITY: severity };
    const { error, output } = await runProgram(command, `${format(outgoing)}\n`, environment, timeout, signal);
    if (error === null) taken.add(sequence);
    if (output !== '') logger[error === null ? 'debug' : 'warning']('output of the program of a sink', { sink: name, eventId: id, output });
    return error === null ? null : `${command[0] ?? ''} ${error}`;
  }

  return {
    target: command[0] ?? '',
    open: () =>
      Promise.resolve({
        proof: 'sent',
        broken: null,
        facts: {},
        async send(batch, signal) {
          for (let start = 0; start < batch.length; start += concurrency) {
            const together = batch.slice(start, start + concurrency);
            const errors = await Promise.all(together.map((outgoing) => run(outgoing, signal)));
            const failed = errors.findIndex((error) => error !== null);
            if (failed >= 0) {
              forget(together[failed]?.event.sequence ?? 0);
              return { taken: start + failed, attempted: start + together.length, error: errors[failed] ?? null, refused: true };
            }
            taken.clear();
          }
          return { taken: batch.length, attempted: batch.length, error: null };
        },
        close: () => Promise.resolve(true),
        destroy: () => undefined,
      }),
  };

  /** Those before are never asked for again. */
  function forget(before: number): void {
    for (const sequence of taken) {
      if (sequence < before) taken.delete(sequence);
    }
  }
}
