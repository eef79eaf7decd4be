import { SYSLOG_FACILITIES, type SyslogSinkConfig } from '../../model/config.ts';
import { PortreeveError } from '../../model/errors.ts';

const PORTS = { udp: 514, tcp: 514, tls: 6514 } as const;
const PARAMETERS = ['ca', 'cert', 'key', 'name', 'facility', 'format', 'framing'];
const HINT = 'for example: local, /run/systemd/journal/dev-log, udp://logs.example, tcp://10.0.0.5:601, tls://logs.example:6514?ca=/etc/ssl/logs-ca.pem';

/**
 * Where to send by itself what no configuration names: `local` (/dev/log), the path of a socket, or
 * `udp|tcp|tls://HOST[:PORT]`, with `?ca=FILE&cert=FILE&key=FILE&name=NAME&facility=NAME&format=rfc3164&framing=newline`.
 * @throws PortreeveError `usage`
 */
export function parseSyslogTarget(text: string): SyslogSinkConfig {
  const common = { type: 'syslog', name: 'command-line', minSeverity: 'info', kinds: null, enterprise: 32473, maxLength: null, dialect: 'portreeve', resend: 1 } as const;
  const noTls = { caFile: null, certFile: null, keyFile: null, serverName: null };
  if (text === 'local' || text.startsWith('/')) {
    return { ...common, transport: 'local', path: text === 'local' ? '/dev/log' : text, host: null, port: 0, format: 'rfc3164', framing: 'newline', facility: 'daemon', tls: noTls };
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  const transport = url?.protocol.slice(0, -1);
  if (url === null || (transport !== 'udp' && transport !== 'tcp' && transport !== 'tls') || url.hostname === '' || !['', '/'].includes(url.pathname) || url.username !== '') {
    throw new PortreeveError('usage', `${JSON.stringify(text.slice(0, 200))} is no place to send syslog to`, { hint: HINT });
  }
  const parameter = (name: string): string | null => url.searchParams.get(name);
  const facility = parameter('facility') ?? 'daemon';
  const stray = [...url.searchParams.keys()].find((key) => !PARAMETERS.includes(key));
  if (stray !== undefined) throw new PortreeveError('usage', `${JSON.stringify(stray.slice(0, 80))} is no parameter of a syslog target`, { hint: `known are ${PARAMETERS.join(', ')}` });
  if (!Object.hasOwn(SYSLOG_FACILITIES, facility)) throw new PortreeveError('usage', `${JSON.stringify(facility.slice(0, 80))} is no syslog facility`, { hint: `known are ${Object.keys(SYSLOG_FACILITIES).join(', ')}` });
  return {
    ...common,
    transport,
    path: '',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORTS[transport] : Number(url.port),
    format: oneOf('format', parameter('format'), ['rfc5424', 'rfc3164']),
    framing: oneOf('framing', parameter('framing'), ['octet-counting', 'newline']),
    facility,
    tls: { caFile: parameter('ca'), certFile: parameter('cert'), keyFile: parameter('key'), serverName: parameter('name') },
  };
}

function oneOf<Value extends string>(name: string, value: string | null, values: readonly [Value, ...Value[]]): Value {
  const known = value === null ? values[0] : values.find((each) => each === value);
  if (known === undefined) throw new PortreeveError('usage', `${name} of a syslog target is ${values.join(' or ')}`, { hint: HINT });
  return known;
}
