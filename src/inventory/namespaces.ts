import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkNamespace } from '../model/socket.ts';
import { parseProcessCgroup } from './cgroup.ts';
import { listPids } from './holders.ts';
import { readStat } from './process.ts';
import { readText } from './read-text.ts';

/** A network namespace besides the own one, and the files by which it can be entered. */
export interface OtherNamespace {
  readonly namespace: NetworkNamespace;
  readonly path: string;
  /** Further ways in, for a process may leave and take its file along. */
  readonly spare: readonly string[];
}

/** Ways into a namespace that are kept. */
const WAYS = 8;

export interface NamespaceSurvey {
  readonly own: NetworkNamespace;
  readonly others: readonly OtherNamespace[];
  /** Processes whose namespace this user may not see; each may be in one that is not listed. */
  readonly unreadable: number;
  /** All processes that were asked. */
  readonly pids: ReadonlySet<number>;
}

/**
 * Lists the network namespaces that a process is in or that `ip netns` keeps a name for (network_namespaces(7)). One
 * that is only held open by a descriptor has no path to find it by. A name is one that survives a restart: that of
 * `ip netns`, else the container, else the unit of the process found there first.
 * @param before what they were called before: who watches goes on calling each what it was called then
 */
export function surveyNamespaces(proc: string, netnsFolder: string, before: readonly NetworkNamespace[] = []): NamespaceSurvey {
  const named = readNamed(netnsFolder);
  const own = inodeOf(join(proc, 'self/ns/net'));
  const first = inodeOf(join(proc, '1/ns/net'));
  const others = new Map<number, { namespace: NetworkNamespace; paths: string[]; since: number }>();
  let unreadable = 0;
  const pids = listPids(proc);
  for (const pid of pids) {
    const path = `${proc}/${pid}/ns/net`;
    let inode: number;
    try {
      inode = readNamespace(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // Where /proc hides even the stat file, a process must be assumed.
      const closed = code === 'EACCES' || code === 'EPERM';
      if (closed && readStat(join(proc, String(pid)))?.isKernelThread !== true) unreadable += 1;
      continue;
    }
    if (inode === own || Number.isNaN(inode)) continue;
    const known = others.get(inode);
    if (known !== undefined) {
      if (known.paths.length < WAYS) known.paths.push(path);
      continue;
    }
    const { container, unit } = parseProcessCgroup(readText(join(proc, String(pid), 'cgroup')) ?? '');
    const name = inode === first ? 'host' : named.get(inode)?.name ?? container ?? (unit === 'init.scope' ? null : unit);
    others.set(inode, { namespace: { inode, name }, paths: [path], since: readStat(join(proc, String(pid)))?.startTicks ?? Infinity });
  }
  for (const [inode, { name, path }] of named) {
    if (inode === own) continue;
    const known = others.get(inode);
    if (known === undefined) others.set(inode, { namespace: { inode, name }, paths: [path], since: Infinity });
    // The name stays when all processes have left.
    else known.paths.push(path);
  }
  // The number of a namespace that is gone is given to the next one: it tells nothing of age, the process does.
  const inOrder = [...others.values()].sort((one, other) => one.since - other.since || (one.namespace.inode ?? 0) - (other.namespace.inode ?? 0));
  const found = inOrder.map(({ namespace, paths: [path = '', ...spare] }): OtherNamespace => ({ namespace, path, spare }));
  const ownName = (own === null ? undefined : named.get(own)?.name) ?? (own === null || first === null || first === own ? 'host' : null);
  return { own: { inode: own, name: ownName }, others: tellApart(found, ownName, before), unreadable, pids: new Set(pids) };
}

/** What the namespaces of a survey are called, but for the own one. */
export function namesOf(survey: NamespaceSurvey | null): readonly NetworkNamespace[] {
  return survey?.others.map(({ namespace }) => namespace) ?? [];
}

/** Inode of the namespace that a process is in; NaN for a link that is none. */
function readNamespace(path: string): number {
  return Number(/^net:\[(\d+)\]$/.exec(readlinkSync(path))?.[1]);
}

/**
 * The survey with the processes that came since, where each of them is in a namespace that it has; null where one is in another.
 * A process may leave for another namespace at any time; one that was there before is not asked.
 */
export function surveyNewcomers(proc: string, survey: NamespaceSurvey): NamespaceSurvey | null {
  const surveyed = new Set([survey.own.inode, ...survey.others.map(({ namespace }) => namespace.inode)]);
  const pids = listPids(proc);
  const isStrange = pids.some((pid) => {
    if (survey.pids.has(pid)) return false;
    try {
      const inode = readNamespace(`${proc}/${pid}/ns/net`);
      return !Number.isNaN(inode) && !surveyed.has(inode);
    } catch {
      return false;
    }
  });
  return isStrange ? null : { ...survey, pids: new Set(pids) };
}

/**
 * Namespaces of one name (two containers that no cgroup names) get numbers, as their first processes are of age. One that
 * had a number keeps it: neither what comes nor what goes renames another.
 */
function tellApart(others: readonly OtherNamespace[], ownName: string | null, before: readonly NetworkNamespace[]): readonly OtherNamespace[] {
  const given = new Map(before.map(({ inode, name }) => [inode, name]));
  const taken = new Set<string | null>([ownName]);
  const names = new Map<number | null, string | null>();
  for (const { namespace: { inode, name } } of others) {
    const former = given.get(inode);
    if (former === undefined || taken.has(former) || (former !== name && former?.replace(/#\d+$/, '') !== (name ?? 'unnamed'))) continue;
    taken.add(former);
    names.set(inode, former);
  }
  return others.map((other) => {
    const { inode, name } = other.namespace;
    let told = names.get(inode);
    for (let time = 1; told === undefined; time += 1) {
      const free = time === 1 ? name : `${name ?? 'unnamed'}#${time}`;
      if (!taken.has(free)) told = free;
    }
    taken.add(told);
    return told === name ? other : { ...other, namespace: { inode, name: told } };
  });
}

/** The names that ip-netns(8) keeps: a file for each, bound to its namespace. */
function readNamed(folder: string): ReadonlyMap<number, { readonly name: string; readonly path: string }> {
  const named = new Map<number, { name: string; path: string }>();
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // No namespace was ever named here.
  }
  for (const name of names) {
    const path = join(folder, name);
    const inode = inodeOf(path);
    if (inode !== null) named.set(inode, { name, path });
  }
  return named;
}

/** Whether a path still leads to the namespace; a pid that was used again would lead to another. */
export function leadsTo(path: string, { inode }: NetworkNamespace): boolean {
  return inodeOf(path) === inode;
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino;
  } catch {
    return null;
  }
}
