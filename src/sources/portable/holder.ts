import type { PortablePlatform } from './portable-platform.ts';
import type { SocketRecord } from '../../model/socket.ts';

/**
 * The process that a row names, or null. A pid that cannot be trusted is dropped: no owner is better than a false one.
 * No BSD row has one, since the library does not ask for it there.
 */
export function holderOf(row: Readonly<Record<string, unknown>>, platform: PortablePlatform): SocketRecord['holder'] {
  const pid = readPid(row['pid']);
  if (pid === null) return null;
  const text = typeof row['process'] === 'string' ? row['process'] : '';
  if (platform !== 'darwin') return { pid, name: text === '' ? null : text };
  // On macOS the library names the pid from `ps`. No name: there is no such process, so either it ended (netstat tells
  // who used the socket last), or a new version of netstat has moved its columns once more.
  if (text === '' || isReadFromAddress(pid, row['localAddress'])) return null;
  return { pid, name: nameOfCommand(text) };
}

function readPid(value: unknown): number | null {
  const pid = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  // 0 is the kernel on macOS, the idle process on Windows, and what the library makes of text.
  return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

/**
 * With the twelve columns of macOS 10.15 the library takes what follows the first colon of an IPv6 local address for
 * the pid: `2001:470::1` would belong to process 470.
 */
function isReadFromAddress(pid: number, address: unknown): boolean {
  return typeof address === 'string' && Number.parseInt(address.split(':')[1] ?? '', 10) === pid;
}

/**
 * Name of the executable in a command line of `ps` on macOS, as far as the library left it: it cuts at the first colon
 * and before the first option or absolute path. Blanks in the path are known for bundles and `Application Support`.
 */
function nameOfCommand(command: string): string {
  const bundle = command.lastIndexOf('.app/Contents/MacOS/');
  if (bundle !== -1) return command.slice(bundle + '.app/Contents/MacOS/'.length);
  const path = command.replace('/Application Support/', '/').split(' ', 1)[0] ?? '';
  return path.slice(path.lastIndexOf('/') + 1) || command;
}
