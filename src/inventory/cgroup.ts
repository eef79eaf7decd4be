import type { RootMadeDepth } from './cgroup-owners.ts';

/** What the cgroup of a process tells of who started it. */
export interface CgroupFacts {
  /** Unit of the host's systemd: the outermost of the path. */
  readonly unit: string | null;
  /** Innermost unit below that, of a user's or a container's own systemd; null where there is none. */
  readonly innerUnit: string | null;
  /** Container id (64 hex digits), or the machine's name for nspawn and LXC. */
  readonly container: string | null;
}

const UNIT = /\.(?:service|scope|socket)$/;
// docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope, or the bare id below docker/, kubepods/.../
const CONTAINER_ID = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/;

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)): `hierarchy:controllers:path` for each hierarchy. On v2 the one line `0::`
 * counts; on v1 and hybrid hosts `name=systemd` has the units, and container engines use every hierarchy.
 *
 * Whoever a cgroup was delegated to, as every user's manager is, makes others of any name below it. So only what root
 * made names the process here; where that cannot be seen, it is the path up to the first unit.
 */
export function parseProcessCgroup(text: string, rootMade: RootMadeDepth = () => null): CgroupFacts {
  let unified: string[] = [];
  let systemd: string[] = [];
  let container: string | null = null;
  const trusted = new Map<readonly string[], number>();
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    const controllers = line.slice(first + 1, second);
    const path = line.slice(second + 1);
    const parts = path.split('/').filter((part) => part !== '').map(unescapeCgroup);
    trusted.set(parts, rootMade(controllers, path) ?? depthOfUnit(parts));
    if (controllers === '') unified = parts;
    else if (controllers === 'name=systemd') systemd = parts;
    container ??= containerOf(parts.slice(0, trusted.get(parts)));
  }
  // Hybrid hosts have both; the unified path is the root there until a unit delegates it.
  const parts = systemd.some(isUnit) ? systemd : unified;
  const unit = parts.slice(0, trusted.get(parts)).find(isUnit) ?? null;
  const innermost = parts.findLast(isUnit) ?? null;
  return { unit, innerUnit: innermost === unit ? null : innermost, container };
}

/** Up to and with the first unit; the whole path where there is none. */
function depthOfUnit(parts: readonly string[]): number {
  const index = parts.findIndex(isUnit);
  return index < 0 ? parts.length : index + 1;
}

function isUnit(part: string): boolean {
  return UNIT.test(part);
}

/** A leading "_" is put by systemd before names that the kernel reserves (systemd's cg_escape). */
function unescapeCgroup(part: string): string {
  return part.replace(/^_/, '');
}

function containerOf(parts: readonly string[]): string | null {
  for (const [index, part] of parts.entries()) {
    const id = CONTAINER_ID.exec(part);
    if (id?.[1] !== undefined) return id[1];
    const named = /^(?:machine-(.+)\.scope|systemd-nspawn@(.+)\.service|lxc\.payload\.(.+))$/.exec(part);
    const name = named?.[1] ?? named?.[2] ?? named?.[3] ?? (parts[index - 1] === 'lxc' ? part : undefined);
    if (name !== undefined && name !== '') return unescapeUnitName(name);
  }
  return null;
}

/** Undoes systemd-escape(1): `\x2d` is a dash. */
function unescapeUnitName(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
