import { DIALECTS, SYSLOG_FACILITIES, type SyslogFacility } from '../model/config.ts';
import { EVENT_KINDS } from '../model/event.ts';
import { SEVERITIES } from '../model/severity.ts';
import { choice, integerIn } from '../yaml/scalar-kinds.ts';
import { key, requiredKey, section, type Condition } from './key-table.ts';
import { span } from './keys.ts';
import { absolutePath, argument, hostName, sinkName, socketPath } from './plain-kinds.ts';
import { listOf, orNothing, orWord, plain, textOf } from './value-kinds.ts';

/** More would each keep a cursor, a queue and a connection. */
export const MOST_SINKS = 32;

const KINDS = orWord('all', listOf(`kinds of event (${EVENT_KINDS.join(', ')})`, plain(choice(EVENT_KINDS)), 1, EVENT_KINDS.length));

const COMMON = {
  name: requiredKey(textOf(sinkName), 'What it is called in status and messages. Its place in the history is kept under this name.'),
  minSeverity: key(plain(choice(SEVERITIES)), 'notice', 'The least severity that it is sent.'),
  kinds: key(KINDS, null, 'Kinds of event that it is sent; all means all that are alerts.'),
};

const DIALECT = key(plain(choice(DIALECTS)), 'portreeve', "Names of the fields: portreeve's own, Elastic Common Schema, or OCSF's Detection Finding.");

const LOCAL: Condition = { key: 'transport', values: ['local'] };
const REMOTE: Condition = { key: 'transport', values: ['udp', 'tcp', 'tls'] };
const STREAM: Condition = { key: 'transport', values: ['tcp', 'tls'] };
/** Over UDP there is nobody to ask. */
const ANSWERING: Condition = { key: 'transport', values: ['local', 'tcp', 'tls'] };
const TLS: Condition = { key: 'transport', values: ['tls'] };

const FACILITY_NAMES = Object.keys(SYSLOG_FACILITIES) as SyslogFacility[];

/** The keys of a sink by its `type`, in the way of `KEYS`. `type` itself stands beside them. */
export const SINK_KEYS = {
  journal: section('The journal of systemd, with a field for each fact.', COMMON),
  syslog: section('A syslog server, by RFC 5424 or RFC 3164, or the one of this host.', {
    ...COMMON,
    transport: key(plain(choice(['local', 'udp', 'tcp', 'tls'])), 'local', 'How it is reached; local is a Unix socket of this host. Only tcp and tls can tell that nothing is lost, only tls that nobody reads along.'),
    path: key(textOf(socketPath), '/dev/log', 'The Unix socket.', LOCAL),
    host: key(orNothing(textOf(hostName)), null, 'Name or address of the server. It has to be given.', REMOTE),
    port: key(orWord('auto', plain(integerIn(1, 65535))), null, 'Its port; auto is 6514 over TLS and 514 otherwise.', REMOTE),
    format: key(orWord('auto', plain(choice(['rfc5424', 'rfc3164']))), null, 'Form of a message; auto is rfc3164 for local, which is what syslog daemons read there, and rfc5424 otherwise.'),
    framing: key(plain(choice(['octet-counting', 'newline'])), 'octet-counting', 'Where a message ends (RFC 6587): told by its length, or by a line feed for servers that know nothing else.', STREAM),
    facility: key(plain(choice(FACILITY_NAMES)), 'daemon', 'Facility of the messages.'),
    enterprise: key(plain(integerIn(1, 4_294_967_295)), 32473, 'Private enterprise number of the structured data (RFC 5424, section 7.2.2).', { key: 'format', values: ['rfc5424'] }),
    maxLength: key(orWord('auto', plain(integerIn(480, 1_048_576))), null, 'Octets of one message at most; auto is 8192, but over UDP 2048, or 1024 with rfc3164.'),
    dialect: DIALECT,
    tls: section(
      'Whom to trust, and who to be.',
      {
        caFile: key(orWord('default', textOf(absolutePath)), null, 'PEM file of the issuers to trust, for a server with a certificate of your own; default is the public ones that Node.js brings.'),
        certFile: key(orWord('none', textOf(absolutePath)), null, 'PEM file of the certificate to show the server, with its chain.'),
        keyFile: key(orWord('none', textOf(absolutePath)), null, 'PEM file of the key to it. Nobody but the daemon should be able to read it.'),
        serverName: key(orWord('default', textOf(hostName)), null, 'Name that the certificate of the server must bear; default is the host.'),
      },
      TLS,
    ),
    resend: {
      ...span('0s', '1h', '10s', 'How long messages may go out before the server has to prove that it read them, and how long it then has to store them; what fails in that time is sent again. 0s asks for no proof.'),
      only: ANSWERING,
    },
  }),
  json: section('A file of JSON lines, or standard output.', {
    ...COMMON,
    file: key(orWord('stdout', textOf(absolutePath)), null, 'The file that the lines are appended to, which nothing else writes and logrotate may move away; or standard output.'),
    dialect: DIALECT,
  }),
  exec: section('A program that is run for each event, with the event as JSON on its standard input. Exit code 0 says that it took it; else it is run again.', {
    ...COMMON,
    command: requiredKey(listOf('texts, the first of them an absolute path', textOf(argument), 1, 256), 'The program and its arguments. There is no shell: each item is one argument.'),
    timeout: span('1s', '10m', '30s', 'A run that takes longer is ended, and has failed.'),
    concurrency: key(plain(integerIn(1, 16)), 2, 'How many may run at a time.'),
    dialect: DIALECT,
  }),
};

export type SinkType = keyof typeof SINK_KEYS;
export const SINK_TYPES = Object.keys(SINK_KEYS) as SinkType[];
