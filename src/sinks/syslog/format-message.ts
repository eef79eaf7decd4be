import type { SyslogSinkConfig } from '../../model/config.ts';
import { cleanText } from '../../model/untrusted-text.ts';
import { describeEvent } from '../dialects/describe-event.ts';
import { shortenEvent } from '../dialects/shorten-event.ts';
import { formatJson } from '../../model/ascii-json.ts';
import type { Outgoing } from '../transport.ts';
import { describeParams } from './describe-params.ts';
import { fitMessage } from './fit-message.ts';
import { priorityOf } from './priority.ts';
import { formatElement } from './structured-data.ts';

const APP_NAME = 'portreeve';
const BOM = '\ufeff';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** What every receiver must take (RFC 5424, section 6.1); a message is never made shorter. */
const LEAST_LENGTH = 480;

export type FormatOptions = Pick<SyslogSinkConfig, 'transport' | 'format' | 'facility' | 'enterprise' | 'maxLength' | 'dialect'>;

/**
 * Octets of a message where the configuration sets no limit. UDP: what receivers should take (RFC 5426, section 3.2), and
 * what RFC 3164, section 4.1 allows at all; streams and /dev/log: what RFC 5425, section 4.3.1 recommends, and rsyslog takes
 * if nothing else is set.
 */
export function lengthLimit({ transport, format, maxLength }: FormatOptions): number {
  if (maxLength !== null) return Math.max(LEAST_LENGTH, maxLength);
  if (transport !== 'udp') return 8192;
  return format === 'rfc3164' ? 1024 : 2048;
}

/**
 * An event as one syslog message, without framing, at most `lengthLimit` octets, without control characters.
 * RFC 5424: the structured data carries the fields, MSGID is the kind of the event. RFC 3164, and what the C library
 * writes to /dev/log, have no place for fields: they follow the text, in the same form.
 */
export function formatMessage(outgoing: Outgoing, options: FormatOptions, pid: number): string {
  const { event } = outgoing;
  const text = cleanText(event.message, { again: true });
  const modern = options.format === 'rfc5424';
  const header = `<${priorityOf(options.facility, event.severity)}>${modern ? modernHeader(outgoing, pid, lengthLimit(options)) : oldHeader(outgoing, pid, options.transport === 'local')}`;
  const around = Buffer.byteLength(`${header} ${formatElement(options.enterprise, '')}${BOM}`);
  const { params, message } = fitMessage(describeParams(outgoing), formatInDialect(outgoing, options), text, lengthLimit(options) - around);
  const element = formatElement(options.enterprise, params);
  if (!modern) return `${header}${message} ${element}`;
  // MSG-UTF8 starts with a BOM (RFC 5424, section 6.4); ASCII needs none as MSG-ANY.
  return `${header}${element} ${/[^\x20-\x7e]/.test(message) ? BOM : ''}${message}`;
}

function formatInDialect(outgoing: Outgoing, { dialect }: FormatOptions): readonly string[] {
  if (dialect === 'portreeve') return [];
  return [outgoing, { ...outgoing, event: shortenEvent(outgoing.event) }].map((each) => formatJson(describeEvent(each, dialect)));
}

function modernHeader({ event }: Outgoing, pid: number, limit: number): string {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/.test(event.time) ? event.time : '-';
  return `1 ${time} ${hostName(event.host, limit < 1024 ? 63 : 255)} ${APP_NAME} ${pid} ${event.kind} `;
}

/** RFC 3164, section 4.1.2, with the time of this host's zone; to /dev/log without the host's name, as syslog(3) writes. */
function oldHeader({ event }: Outgoing, pid: number, local: boolean): string {
  const date = new Date(event.time);
  const two = (number: number): string => String(number).padStart(2, '0');
  const time = `${MONTHS[date.getMonth()] ?? 'Jan'} ${String(date.getDate()).padStart(2)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  // The domain must not be part of it (RFC 3164, section 4.1.2).
  const host = local ? '' : ` ${hostName(/^[\d.]+$/.test(event.host) ? event.host : (event.host.split('.')[0] ?? ''), 63)}`;
  return `${time}${host} ${APP_NAME}[${pid}]: `;
}

function hostName(name: string, length: number): string {
  return name.replace(/[^\x21-\x7e]/g, '?').slice(0, length) || '-';
}
