import { parseIpAddress } from '../model/ip-address.ts';
import { quote } from '../yaml/placed-node.ts';
import { checkText, fault, type CheckedScalar, type JsonSchema, type ScalarKind } from '../yaml/scalar-kinds.ts';

/** PATH_MAX of Linux, its final zero included. */
const LONGEST_PATH = 4095;
/** `sun_path` holds 108 bytes, a final zero among them (unix(7)). */
const LONGEST_SOCKET_PATH = 107;
/** A DNS name as text (RFC 1035, section 2.3.4, less the length octets). */
const LONGEST_HOST = 253;

/** Text of a certain form. `check` may rely on it not being empty. */
function textKind(expected: string, schema: JsonSchema, check: (text: string) => CheckedScalar<string>): ScalarKind<string> {
  return {
    expected,
    schema: { type: 'string', minLength: 1, ...schema },
    check(scalar, wanted = expected) {
      const checked = checkText(scalar, wanted);
      return 'fault' in checked ? checked : check(checked.value);
    },
  };
}

function pathKind(expected: string, longest: number, check: (path: string) => CheckedScalar<string> = (value) => ({ value })): ScalarKind<string> {
  return textKind(expected, { pattern: '^/' }, (path) => {
    if (!path.startsWith('/')) return fault(`${quote(path)} is not an absolute path`, 'Write the whole path, from / on: it does not matter then where the daemon was started.');
    if (/[\0-\x1f\x7f]/.test(path)) return fault(`${quote(path)} has a control character in it`);
    if (Buffer.byteLength(path) > longest) return fault(`the path is longer than ${longest} bytes, the most that the kernel takes here`);
    return check(path);
  });
}

/** The absolute path of a file or folder. */
export const absolutePath = pathKind('an absolute path', LONGEST_PATH);

/** The absolute path of a Unix socket. */
export const socketPath = pathKind('the absolute path of a Unix socket', LONGEST_SOCKET_PATH);

/** node_exporter's textfile collector reads the files that end in `.prom`, and no others. */
export const textfilePath = pathKind('the absolute path of a file that ends in .prom', LONGEST_PATH, (path) =>
  path.endsWith('.prom') ? { value: path } : fault(`${quote(path)} does not end in .prom, so the textfile collector would not read it`, `Write ${quote(`${path.replace(/\.[a-z]*$|\/$/i, '')}.prom`)}.`),
);

const SINK_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Names a file of the state directory, so it holds nothing that means something in a path. */
export const sinkName = textKind('a name of letters, digits, - and _', { pattern: SINK_NAME.source }, (value) => {
  if (SINK_NAME.test(value)) return { value };
  const suggestion = value.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 64);
  return fault(`${quote(value)} is not a name: letters, digits, - and _, at most 64, a letter or digit first`, suggestion === '' ? null : `For example: ${suggestion}`);
});

/** As useradd(8) has it, and with the capitals and dots that directory services bring. */
const GROUP = /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/;

export const groupName = textKind('the name of a group', { pattern: GROUP.source }, (value) =>
  GROUP.test(value) ? { value } : fault(`${quote(value)} is not the name of a group`, 'Names of groups stand in the first column of /etc/group.'),
);

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(String.raw`^(?!(?:[0-9]+\.)*[0-9]+\.?$)${LABEL}(?:\.${LABEL})*\.?$`);

/** A link-local address needs its interface (RFC 4007, section 11). */
const ZONE = /^([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)%[A-Za-z0-9._-]{1,15}$/;

/** A host name or an IP address. */
export const hostName = textKind('a host name or an IP address', { maxLength: LONGEST_HOST }, (value) => {
  // First of all: the patterns below are quadratic in the length.
  if (value.length > LONGEST_HOST) return fault(`a host name has at most ${LONGEST_HOST} characters`);
  if (parseIpAddress(value.replace(ZONE, '$1')) !== null || HOST_NAME.test(value)) return { value };
  return fault(`${quote(value)} is neither a host name nor an IP address`, hostHint(value));
});

function hostHint(value: string): string | null {
  const bare = /^\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?$/.exec(value)?.[1];
  if (bare !== undefined) return `Write the address without brackets, ${bare}, and a port under port.`;
  if (/^[^:/]+:[0-9]+$/.test(value)) return 'Write the port under port.';
  return value.includes('//') ? 'Write the host alone: transport and port have keys of their own.' : null;
}

/** An address that `registry update` fetches from. A name and a password in it are for the server, and never shown. */
export const fetchUrl = textKind('an https:, http: or file: address', { pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Ii][Ll][Ee]):' }, (value) => {
  const url = /^[\x21-\x7e]+$/.test(value) && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !['https:', 'http:', 'file:'].includes(url.protocol)) return fault('this is not an address that can be fetched', 'Write one like https://mirror.example.org/ports.csv, or file:///srv/ports.csv.');
  return url.protocol === 'file:' && url.host !== '' ? fault('a file: address cannot name another host', 'Write it as file:///path/to/file.csv.') : { value };
});

/** Such an address as it may be shown. */
export function showUrl(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}

/** An argument of a program: what execve(2) takes, but no empty ones, and not its 128 KiB. */
export const argument = textKind('text', { maxLength: 4096 }, (value) => {
  if (value.includes('\0')) return fault('no argument can have the character U+0000 in it');
  return value.length > 4096 ? fault('an argument is at most 4096 characters long') : { value };
});
