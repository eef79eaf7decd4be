import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { SinkTestOutcome } from '../model/sink-test.ts';
import { testSinks } from '../sinks/test-sinks.ts';
import { openConfig } from './config.ts';

export { renderSinkTest, SINK_TEST_FORMATS, type SinkTestFormat } from '../reports/sink-test.ts';

/**
 * Sends a test event to the sink of that name, or to each that the daemon of this host would have: the journal where the
 * configuration names none and systemd runs.
 * @throws PortreeveError for a faulty configuration, and `usage` where no sink has that name
 */
export async function testConfiguredSinks(choice: { readonly config: string | null; readonly name: string | null }, surroundings: { readonly clock: Clock; readonly logger: Logger }): Promise<readonly SinkTestOutcome[]> {
  const { config } = await openConfig({ path: choice.config, underSystemd: existsSync('/run/systemd/system') });
  return testSinks(config.sinks, choice.name, { ...surroundings, host: hostname() });
}
