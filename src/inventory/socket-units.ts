import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Activation } from '../model/listener.ts';
import type { SocketRecord } from '../model/socket.ts';
import { parseIpAddress, formatIpv4, formatIpv6 } from '../model/ip-address.ts';

/** Folders of unit files, the one that counts first (systemd.unit(5), "Unit File Load Path"). */
export const UNIT_FOLDERS: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/etc/systemd/user',
  '/usr/lib/systemd/user',
];

/** A `.socket` unit as far as it matters here. */
export interface SocketUnit {
  readonly name: string;
  readonly service: string | null;
  /** What it listens on: protocol, port, and an address or null for the wildcard. */
  readonly listens: readonly { readonly protocol: 'tcp' | 'udp'; readonly address: string | null; readonly port: number }[];
}

/**
 * Reads the settings of a `.socket` unit (systemd.socket(5)) from its file and its drop-ins, in order; an empty
 * assignment resets a list. Specifiers such as `%i` are not resolved: what holds one is passed over.
 */
export function parseSocketUnit(name: string, texts: readonly string[]): SocketUnit {
  let listens: SocketUnit['listens'][number][] = [];
  let service: string | null = null;
  let accept = false;
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const setting = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line);
      const key = setting?.[1];
      const value = setting?.[2] ?? '';
      if (key === 'ListenStream' || key === 'ListenDatagram') {
        const protocol = key === 'ListenStream' ? 'tcp' : 'udp';
        if (value === '') listens = listens.filter((listen) => listen.protocol !== protocol);
        const listen = parseListen(value);
        if (listen !== null) listens.push({ protocol, ...listen });
      } else if (key === 'Service') {
        service = value === '' ? null : value;
      } else if (key === 'Accept') {
        accept = /^(?:1|yes|y|true|t|on)$/i.test(value);
      }
    }
  }
  const stem = name.slice(0, -'.socket'.length);
  return { name, service: service ?? (accept ? `${stem}@.service` : `${stem}.service`), listens };
}

/** `PORT`, `ADDRESS:PORT` or `[ADDRESS]:PORT`, an interface after `%` or not; null for paths and anything else. */
function parseListen(value: string): { readonly address: string | null; readonly port: number } | null {
  const match = /^(?:(?:\[([^\]]+)\]|([0-9.]+)):)?(\d{1,5})(?:%\S+)?$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  const text = match[1] ?? match[2];
  if (text === undefined) return { address: null, port };
  const parsed = parseIpAddress(text);
  if (parsed === null) return null;
  return { address: parsed.family === 'ipv4' ? formatIpv4(parsed.bytes) : formatIpv6(parsed.bytes), port };
}

/** Finds the `.socket` unit behind a socket that the service manager holds. */
export interface SocketUnits {
  find(socket: Pick<SocketRecord, 'protocol' | 'address' | 'port' | 'cgroupId'>): Activation | null;
}

/**
 * Two ways, each lazily: systemd opens the sockets of a unit inside the unit's own cgroup where the kernel has cgroup
 * v2 with BPF, and then the cgroup id of the socket names the unit; otherwise the unit files say what is listened on.
 */
export function createSocketUnits(cgroupRoots: readonly string[], unitFolders: readonly string[]): SocketUnits {
  let cgroups: ReadonlyMap<bigint, string> | null = null;
  let units: readonly SocketUnit[] | null = null;
  return {
    find({ protocol, address, port, cgroupId }) {
      if (cgroupId !== null) {
        cgroups ??= listSocketCgroups(cgroupRoots);
        const name = cgroups.get(cgroupId);
        if (name !== undefined) {
          units ??= readSocketUnits(unitFolders);
          return { unit: name, service: units.find((unit) => unit.name === name)?.service ?? null };
        }
      }
      units ??= readSocketUnits(unitFolders);
      const wildcard = address === '::' || address === '0.0.0.0';
      const matching = units.filter((unit) =>
        unit.listens.some((listen) => listen.protocol === protocol && listen.port === port && (listen.address === address || (listen.address === null && wildcard))),
      );
      // Two units for one address: naming either would be a guess.
      return matching.length === 1 && matching[0] !== undefined ? { unit: matching[0].name, service: matching[0].service } : null;
    },
  };
}

/** Units have their cgroups at most this deep: user.slice/user-N.slice/user@N.service/app.slice/x.socket. */
const CGROUP_DEPTH = 6;

function listSocketCgroups(roots: readonly string[]): ReadonlyMap<bigint, string> {
  const found = new Map<bigint, string>();
  const walk = (folder: string, depth: number) => {
    let names: readonly string[];
    try {
      names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch {
      return;
    }
    for (const name of names) {
      const path = join(folder, name);
      if (name.endsWith('.socket')) {
        try {
          found.set(statSync(path, { bigint: true }).ino, name);
        } catch {
          // The unit stopped meanwhile.
        }
      } else if (depth < CGROUP_DEPTH && /\.(?:slice|service)$/.test(name)) walk(path, depth + 1);
    }
  };
  for (const root of roots) walk(root, 1);
  return found;
}

function readSocketUnits(folders: readonly string[]): readonly SocketUnit[] {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const name of listFolder(folder)) {
      if (name.endsWith('.socket') && !files.has(name)) files.set(name, join(folder, name));
    }
  }
  const units: SocketUnit[] = [];
  for (const [name, file] of files) {
    const dropIns = new Map<string, string>();
    for (const folder of folders) {
      for (const dropIn of listFolder(join(folder, `${name}.d`))) {
        if (dropIn.endsWith('.conf') && !dropIns.has(dropIn)) dropIns.set(dropIn, join(folder, `${name}.d`, dropIn));
      }
    }
    const ordered = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
    const texts = [file, ...ordered].map(readUnitFile).filter((text) => text !== null);
    if (texts.length > 0) units.push(parseSocketUnit(name, texts));
  }
  return units;
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readUnitFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
