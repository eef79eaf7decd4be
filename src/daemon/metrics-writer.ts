import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { Logger } from '../model/logger.ts';
import { writeMetricsFile } from './metrics-file.ts';

/** Writes the metrics as often as the configuration says, one after the other: a disk that hangs holds up the next, and nobody else. */
export interface MetricsWriter {
  /** Milliseconds on the steady clock; null where none are wanted, and while they are being written. */
  nextDue(): number | null;
  /** Starts to write them if they are due. Never fails: the log says what went wrong, once. */
  start(): void;
}

/** @param render the metrics as they are now */
export function createMetricsWriter({ config, render, clock, logger }: { config: () => Config['metrics']; render: () => string; clock: Clock; logger: Logger }): MetricsWriter {
  let due: number | null = clock.steady();
  let lastError: string | null = null;

  const write = async (file: string, interval: number): Promise<void> => {
    const begun = clock.steady();
    due = null;
    try {
      await writeMetricsFile(file, render());
      lastError = null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (lastError !== message) logger.warning('the metrics could not be written', { file, error: message });
      lastError = message;
    } finally {
      due = begun + interval;
    }
  };

  return {
    nextDue: () => (config().textfile === null ? null : due),
    start() {
      const { textfile, interval } = config();
      if (textfile !== null && due !== null && clock.steady() >= due) void write(textfile, interval);
    },
  };
}
