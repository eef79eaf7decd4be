import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelService } from '../../model/socket.ts';
import { NETLINK_GENERIC, NETLINK_ROUTE, openNetlinkSocket, type NetlinkTransport } from '../../native/netlink-socket.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';
import { runDump } from './dump.ts';
import { encodeAttribute, readAttributes, viewOf } from './messages.ts';

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const IFINFOMSG_LENGTH = 16;
const IFF_UP = 1;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;

/** Where each kind of tunnel keeps its UDP port among IFLA_INFO_DATA (linux/if_link.h); big endian, two bytes. */
const TUNNEL_PORT_ATTRIBUTE: Readonly<Record<string, number>> = { vxlan: 15, geneve: 5, bareudp: 1 };

/** A network interface as far as it matters here. */
export interface Link {
  readonly name: string;
  /** `vxlan`, `wireguard` ...; null for a plain interface. */
  readonly kind: string | null;
  /** Only an interface that is up has its socket open. */
  readonly up: boolean;
  /** UDP port that the interface receives on, where its kind says so here. */
  readonly port: number | null;
}

/**
 * Every port of this thread's network namespace that the kernel itself serves, each with what says so. Each part that
 * cannot be asked for (no privilege, not in this kernel) is left out: a socket is called the kernel's on evidence only.
 */
export function readKernelServices(proc: string, ownNamespace: boolean): readonly KernelService[] {
  const links = attempt(() => withTransport(NETLINK_ROUTE, dumpLinks));
  return [
    ...tunnelServices(links),
    ...links.filter((link) => link.kind === 'wireguard').length > 0 ? attempt(() => withTransport(NETLINK_GENERIC, (transport) => dumpWireguard(transport, links))) : [],
    // What /proc says of NFS is of the namespace in which it was mounted.
    ...(ownNamespace ? readNfsServices(proc) : []),
  ];
}

function attempt<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

function withTransport<T>(protocol: number, use: (transport: NetlinkTransport) => T): T {
  const transport = openNetlinkSocket(protocol);
  try {
    return use(transport);
  } finally {
    transport.close();
  }
}

/** Dumps the interfaces of the namespace (rtnetlink(7)). */
export function dumpLinks(transport: NetlinkTransport): readonly Link[] {
  let links: Link[] = [];
  runDump(transport, RTM_GETLINK, new Uint8Array(IFINFOMSG_LENGTH), () => {
    links = [];
    return (type, body) => {
      const link = type === RTM_NEWLINK ? decodeLink(body) : null;
      if (link !== null) links.push(link);
      return link !== null;
    };
  });
  return links;
}

/** Decodes one RTM_NEWLINK body: `struct ifinfomsg` and attributes. Null for bytes that are not such a message. */
export function decodeLink(body: Uint8Array): Link | null {
  if (body.length < IFINFOMSG_LENGTH) return null;
  const attributes = collectAttributes(body.subarray(IFINFOMSG_LENGTH));
  const name = textOf(attributes?.get(IFLA_IFNAME) ?? NOTHING);
  if (name === '') return null;
  const info = collectAttributes(attributes?.get(IFLA_LINKINFO) ?? NOTHING);
  const kind = textOf(info?.get(IFLA_INFO_KIND) ?? NOTHING);
  const up = (viewOf(body).getUint32(8, LITTLE_ENDIAN) & IFF_UP) !== 0;
  if (kind === '') return { name, kind: null, up, port: null };
  const port = collectAttributes(info?.get(IFLA_INFO_DATA) ?? NOTHING)?.get(TUNNEL_PORT_ATTRIBUTE[kind] ?? -1);
  return { name, kind, up, port: port === undefined || port.length < 2 ? null : viewOf(port).getUint16(0, false) };
}

const NOTHING = new Uint8Array();

/** The attributes of one level by type, the last of each; null where their lengths do not add up. */
function collectAttributes(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const attributes = new Map<number, Uint8Array>();
  return readAttributes(bytes, (type, value) => attributes.set(type, value)) ? attributes : null;
}

function tunnelServices(links: readonly Link[]): readonly KernelService[] {
  return links.flatMap(({ name, kind, up, port }) =>
    kind === null || port === null || !up ? [] : [{ protocol: 'udp' as const, port, service: kind, evidence: `the ${kind} interface ${name} receives on it` }],
  );
}

const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const WG_CMD_GET_DEVICE = 0;
const WGDEVICE_A_IFNAME = 2;
const WGDEVICE_A_LISTEN_PORT = 6;
const GENLMSGHDR_LENGTH = 4;

/** Asks WireGuard for the port of each of its interfaces (linux/wireguard.h). Needs CAP_NET_ADMIN. */
function dumpWireguard(transport: NetlinkTransport, links: readonly Link[]): readonly KernelService[] {
  let family = 0;
  runDump(transport, GENL_ID_CTRL, genericBody(CTRL_CMD_GETFAMILY), () => (_type, body) => {
    const decoded = decodeGenericFamily(body);
    if (decoded?.name === 'wireguard') family = decoded.id;
    return decoded !== null;
  });
  if (family === 0) return [];
  return links
    .filter((link) => link.kind === 'wireguard' && link.up)
    .flatMap(({ name }) => {
      let port = 0;
      runDump(transport, family, genericBody(WG_CMD_GET_DEVICE, encodeAttribute(WGDEVICE_A_IFNAME, Buffer.from(`${name}\0`))), () => (_type, body) => {
        port = decodeWireguardPort(body) ?? port;
        return true;
      });
      return port === 0 ? [] : [{ protocol: 'udp' as const, port, service: 'wireguard', evidence: `the wireguard interface ${name} receives on it` }];
    });
}

function genericBody(command: number, attributes: Uint8Array = new Uint8Array()): Uint8Array {
  const body = new Uint8Array(GENLMSGHDR_LENGTH + attributes.length);
  body[0] = command;
  body[1] = 1;
  body.set(attributes, GENLMSGHDR_LENGTH);
  return body;
}

/** Decodes one answer of the generic netlink controller (linux/genetlink.h). */
export function decodeGenericFamily(body: Uint8Array): { readonly id: number; readonly name: string } | null {
  const attributes = collectAttributes(body.subarray(GENLMSGHDR_LENGTH));
  const id = attributes?.get(CTRL_ATTR_FAMILY_ID);
  const name = textOf(attributes?.get(CTRL_ATTR_FAMILY_NAME) ?? NOTHING);
  return id === undefined || id.length < 2 || name === '' ? null : { id: viewOf(id).getUint16(0, LITTLE_ENDIAN), name };
}

/** Decodes the listening port from an answer to WG_CMD_GET_DEVICE; the keys beside it are passed over. */
export function decodeWireguardPort(body: Uint8Array): number | null {
  const port = collectAttributes(body.subarray(GENLMSGHDR_LENGTH))?.get(WGDEVICE_A_LISTEN_PORT);
  return port === undefined || port.length < 2 ? null : viewOf(port).getUint16(0, LITTLE_ENDIAN);
}

/** What the kernel's NFS server and lock manager say they serve: `/proc/fs/nfsd/portlist` (nfsd(7)), nlm_*port. */
function readNfsServices(proc: string): readonly KernelService[] {
  const services: KernelService[] = [];
  const portlist = join(proc, 'fs/nfsd/portlist');
  for (const { protocol, port } of attempt(() => parseNfsPortlist(readFileSync(portlist, 'latin1')))) {
    services.push({ protocol, port, service: 'nfsd', evidence: `${portlist} names it` });
  }
  for (const protocol of ['tcp', 'udp'] as const) {
    const file = join(proc, `sys/fs/nfs/nlm_${protocol}port`);
    const port = Number(attempt(() => [readFileSync(file, 'latin1')])[0] ?? 0);
    if (Number.isInteger(port) && port > 0 && port <= 65_535) services.push({ protocol, port, service: 'lockd', evidence: `${file} names it` });
  }
  return services;
}

/** Lines such as `tcp 2049`; other transports (rdma) are passed over. */
export function parseNfsPortlist(text: string): readonly { readonly protocol: 'tcp' | 'udp'; readonly port: number }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(tcp|udp) (\d{1,5})\s*$/.exec(line);
    const port = Number(match?.[2]);
    return match === null || port > 65_535 ? [] : [{ protocol: match[1] as 'tcp' | 'udp', port }];
  });
}

function textOf(value: Uint8Array): string {
  const text = Buffer.from(value).toString('utf8');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
