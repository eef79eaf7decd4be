import type { Clock } from '../model/clock.ts';
import { LOG_LEVELS, type LogLevel } from '../model/config.ts';
import type { LogFields, Logger } from '../model/logger.ts';
import { cleanText, takeColumns } from '../model/untrusted-text.ts';

export interface LoggerOptions {
  /** The least that is written, asked for each line: a reload may change it. */
  readonly level: () => LogLevel;
  /** `journal`: lines with a priority before them (sd-daemon(3)); `json`: pino's lines, an object each. */
  readonly form: 'journal' | 'json';
  readonly clock: Clock;
  /** Takes a whole line, its line feed included; false where it could not be written. */
  readonly write: (line: string) => boolean;
}

/** syslog's severities (RFC 5424, table 2), as journald reads them from the start of a line. */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };
/** Of one value: a log line is to be read, not to store. Columns. */
const VALUE_WIDTH = 1000;

/** The agent's own log. A line that cannot be written is counted, and the next one that can be tells how many were lost. */
export async function createLogger({ level, form, clock, write }: LoggerOptions): Promise<Logger> {
  const print = form === 'journal' ? printForJournal : await createJsonPrinter(clock);
  let lost = 0;
  const writeCounted = (line: string): boolean => {
    if (write(line)) return true;
    lost += 1;
    return false;
  };
  const logAt = (at: LogLevel) => (message: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level())) return;
    if (!writeCounted(print(at, cleanText(message), cleanFields(fields))) || lost === 0) return;
    const count = lost;
    lost = 0;
    if (!write(print('warning', 'log lines were lost: what reads them did not keep up', { count }))) lost = count + 1;
  };
  return { debug: logAt('debug'), info: logAt('info'), warning: logAt('warning'), error: logAt('error') };
}

function cleanFields(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? takeColumns(cleanText(value, { again: true }), VALUE_WIDTH) : value]));
}

/** `<4>message key=value key="two words"`, one line: journald takes each line feed for the end of a message. */
function printForJournal(level: LogLevel, message: string, fields: LogFields): string {
  const parts = Object.entries(fields).map(([key, value]) => `${key}=${typeof value === 'string' ? quote(value) : value}`);
  return `<${PRIORITIES[level]}>${[message, ...parts].join(' ')}\n`;
}

function quote(text: string): string {
  return /^[^\s"=\\]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Loaded where it is needed: under systemd it is not. */
async function createJsonPrinter(clock: Clock): Promise<(level: LogLevel, message: string, fields: LogFields) => string> {
  const { pino } = await import('pino');
  let line = '';
  const logger = pino(
    {
      level: 'debug',
      timestamp: () => `,"time":"${clock.now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label === 'warn' ? 'warning' : label }) },
    },
    // Taken and written by us: pino's own destinations wait, in a loop, for a pipe that is full.
    { write: (text: string) => (line = text) },
  );
  return (level, message, fields) => {
    logger[level === 'warning' ? 'warn' : level](fields, message);
    return line;
  };
}
