import { isBsd } from './portable-platform.ts';
import type { PortablePlatform } from './portable-platform.ts';
import type { Gap } from '../../model/coverage.ts';

/** What became of the library's rows. */
export interface RowCounts {
  readonly listeners: number;
  readonly otherSockets: number;
  readonly unreadable: number;
}

/** What the library cannot see on this system, and what was lost in this reading. */
export function portableGaps(platform: PortablePlatform, counts: RowCounts): Gap[] {
  const gaps: Gap[] = [];
  if (counts.listeners + counts.otherSockets + counts.unreadable === 0) gaps.push(nothingRead(platform));
  if (counts.unreadable > 0) {
    gaps.push({
      code: 'rows-unreadable',
      detail: 'rows of the socket table could not be understood, or hold an IPv6 address that netstat may have cut to fit its column',
      count: counts.unreadable,
      hides: 'listeners',
    });
  }
  if (platform === 'linux' || isBsd(platform)) gaps.push(udpUnseen(platform));
  if (counts.listeners > 0) gaps.push(detailsUnavailable(platform, counts.listeners));
  return gaps;
}

/**
 * The library swallows every failure of its commands and gives an empty list. A host without a single socket does exist
 * (a fresh network namespace), so this is not an error; but it is never "clean".
 */
function nothingRead(platform: PortablePlatform): Gap {
  const lost = isBsd(platform)
    ? 'systeminformation gave no socket at all: it drops every row where netstat prints nothing after the state (OpenBSD, NetBSD, older FreeBSD); run `netstat -na` beside this audit'
    : `systeminformation gave no socket at all: either there is none, or \`${platform === 'win32' ? 'netstat -nao' : 'netstat'}\` is missing or failed; check that it runs`;
  return { code: 'protocol-unavailable', detail: lost, count: 1, hides: 'listeners' };
}

function udpUnseen(platform: PortablePlatform): Gap {
  return {
    code: 'udp-unseen',
    detail:
      platform === 'linux'
        ? 'on Linux systeminformation leaves out UDP, and knows no SCTP, DCCP or raw sockets; use the netlink or procfs source'
        : 'on BSD systeminformation leaves out UDP and SCTP; list them with `netstat -na`',
    count: 1,
    hides: 'listeners',
  };
}

function detailsUnavailable(platform: PortablePlatform, listeners: number): Gap {
  const missing = {
    linux: 'whether an IPv6 wildcard takes IPv4 (netstat does not say), and more than one process per socket',
    darwin: 'more than one process per socket: the one named is the last that used it, and one with a colon in its name can pass for another',
    win32: 'process names, whether an IPv6 wildcard takes IPv4, and more than one process per socket',
    bsd: 'any process',
  }[isBsd(platform) ? 'bsd' : (platform as Exclude<PortablePlatform, 'freebsd' | 'openbsd' | 'netbsd'>)];
  return {
    code: 'details-unavailable',
    detail: `this source tells no uid, inode or cgroup of a socket, nor ${missing}`,
    count: listeners,
    hides: isBsd(platform) ? 'owners' : 'details',
  };
}
