import type { Clock } from '../model/clock.ts';
import type { SinkConfig, SyslogSinkConfig } from '../model/config.ts';
import type { Logger } from '../model/logger.ts';
import { describeEvent } from './dialects/describe-event.ts';
import { sendToProgram } from './exec/send-to-program.ts';
import { sendToJournal } from './journal/send-to-journal.ts';
import { formatJson } from '../model/ascii-json.ts';
import { writeToFile } from './json/write-file.ts';
import { writeToStdout } from './json/write-stdout.ts';
import { lookUpNames, type LookUp } from './look-up-names.ts';
import { formatMessage } from './syslog/format-message.ts';
import { frameMessage } from './syslog/frame-message.ts';
import type { StreamOptions } from './syslog/open-stream.ts';
import { sendToLocal } from './syslog/send-to-local.ts';
import { sendToStream } from './syslog/send-to-stream.ts';
import { sendToUdp } from './syslog/send-to-udp.ts';
import { PATIENCE, type Outgoing, type Patience, type Transport } from './transport.ts';

export interface TransportSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly patience?: Patience;
  /** One for all transports of a process. */
  readonly lookUp?: LookUp;
  /** As the cursor of the sink has it. */
  readonly closedBy?: string | undefined;
}

/** The way to the receiver that a sink's configuration names. Nothing is opened yet. */
export function createTransport(config: SinkConfig, surroundings: TransportSurroundings): Transport {
  switch (config.type) {
    case 'journal':
      return sendToJournal();
    case 'json': {
      const format = (outgoing: Outgoing): string => formatJson(describeEvent(outgoing, config.dialect));
      return config.file === null ? writeToStdout(format) : writeToFile(config.file, format);
    }
    case 'exec':
      return sendToProgram(config, (outgoing) => formatJson(describeEvent(outgoing, config.dialect)), surroundings.logger);
    case 'syslog':
      return createSyslog(config, surroundings);
  }
}

function createSyslog(config: SyslogSinkConfig, { clock, patience = PATIENCE, lookUp = lookUpNames(), closedBy }: TransportSurroundings): Transport {
  const encode = (outgoing: Outgoing): string => formatMessage(outgoing, config, process.pid);
  const framed = (outgoing: Outgoing): string => frameMessage(encode(outgoing), config.framing);
  // Where nothing is to be sent again, there is nothing to ask for.
  const options: StreamOptions = { proof: config.resend === 0 ? 'sent' : 'closed', patience, closedBy };
  const host = config.host ?? 'localhost';
  switch (config.transport) {
    case 'local':
      return sendToLocal(config.path, encode, options);
    case 'udp':
      return sendToUdp({ host, port: config.port }, encode, { clock, lookUp, patience });
    case 'tcp':
      return sendToStream({ host, port: config.port, tls: null }, framed, { ...options, lookUp });
    case 'tls':
      return sendToStream({ host, port: config.port, tls: config.tls }, framed, { ...options, lookUp });
  }
}
