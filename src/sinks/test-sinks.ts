import type { Clock } from '../model/clock.ts';
import type { SinkConfig } from '../model/config.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import type { SinkTestOutcome } from '../model/sink-test.ts';
import { createTransport } from './create-transport.ts';
import { hintFor } from './failure-hints.ts';
import { inventEvent } from './invent-event.ts';
import { lookUpNames, type LookUp } from './look-up-names.ts';
import { sendOnce } from './send-once.ts';
import type { Patience } from './transport.ts';

/** Without a terminal to wait at for long, nobody would believe a test. Milliseconds. */
const TEST_PATIENCE: Patience = { connect: 10_000, stall: 10_000, close: 5000, refusal: 1000 };

export interface TestSurroundings {
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly patience?: Patience;
}

/**
 * Sends a test event to the sink of that name, or to each, over a connection of its own and past every filter; the daemon
 * and its cursors do not notice.
 * @throws PortreeveError `usage` where no sink has that name
 */
export async function testSinks(configs: readonly SinkConfig[], name: string | null, surroundings: TestSurroundings): Promise<readonly SinkTestOutcome[]> {
  const chosen = name === null ? configs : configs.filter((config) => config.name === name);
  if (name !== null && chosen.length === 0) {
    const names = configs.map((config) => config.name).join(', ');
    throw new PortreeveError('usage', `no sink is called ${JSON.stringify(name.slice(0, 80))}`, { hint: names === '' ? 'the configuration has none' : `the configuration has: ${names}` });
  }
  const lookUp = lookUpNames();
  return Promise.all(chosen.map((config) => testSink(config, { ...surroundings, lookUp })));
}

async function testSink(config: SinkConfig, { host, clock, logger, lookUp, patience = TEST_PATIENCE }: TestSurroundings & { readonly lookUp: LookUp }): Promise<SinkTestOutcome> {
  const event = inventEvent(
    {
      kind: 'test',
      audience: 'alert',
      severity: 'notice',
      message: `Test of the sink ${config.name}: portreeve on ${host} can be heard`,
      alert: null,
      listener: null,
      differences: [],
      detail: { sink: config.name },
    },
    host,
    clock,
  );
  const transport = createTransport(config.type === 'syslog' ? { ...config, resend: Math.max(1, config.resend) } : config, { clock, logger, patience, lookUp });
  const start = clock.steady();
  const { result, error, facts } = await sendOnce(transport, [{ event, possibleDuplicate: false }], new AbortController().signal);
  return {
    sink: config.name,
    type: config.type === 'syslog' ? `syslog, ${config.transport}` : config.type,
    target: transport.target,
    result,
    detail: error ?? (result === 'sent' ? whatIsUnknown(config) : null),
    hint: error === null ? null : hintFor(error),
    eventId: event.id,
    durationMs: Math.round(clock.steady() - start),
    facts,
  };
}

function whatIsUnknown(config: SinkConfig): string {
  return config.type === 'syslog' && config.transport === 'udp'
    ? 'UDP does not tell whether anything arrived'
    : 'the receiver took it and did not close the connection after it: nothing tells whether it was read';
}
