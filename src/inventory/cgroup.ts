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
 * Whoever a unit was delegated to, as every user's manager is, makes cgroups of any name below it. So what names the
 * process here is the path up to the first unit, which the host's systemd made; what is below counts for nothing.
 */
export function parseProcessCgroup(text: string): CgroupFacts {
  let unified: string | null = null;
  let systemd: string | null = null;
  let container: string | null = null;
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    const controllers = line.slice(first + 1, second);
    const path = line.slice(second + 1);
    if (controllers === '') unified = path;
    else if (controllers === 'name=systemd') systemd = path;
    container ??= containerOf(path);
  }
  // Hybrid hosts have both; the unified path is the root there until a unit delegates it.
  const units = [systemd, unified].map((path) => (path === null ? [] : unitsOf(path))).find((found) => found.length > 0) ?? [];
  return { unit: units[0] ?? null, innerUnit: units.length > 1 ? units.at(-1) ?? null : null, container };
}

/** The units of a cgroup path, the outermost first. */
function unitsOf(path: string): readonly string[] {
  return path.split('/').map(unescapeCgroup).filter((part) => UNIT.test(part));
}

/** A leading "_" is put by systemd before names that the kernel reserves (systemd's cg_escape). */
function unescapeCgroup(part: string): string {
  return part.replace(/^_/, '');
}

function containerOf(path: string): string | null {
  const parts = path.split('/');
  for (const [index, part] of parts.entries()) {
    const id = CONTAINER_ID.exec(part);
    if (id?.[1] !== undefined) return id[1];
    const named = /^(?:machine-(.+)\.scope|systemd-nspawn@(.+)\.service|lxc\.payload\.(.+))$/.exec(part);
    const name = named?.[1] ?? named?.[2] ?? named?.[3] ?? (parts[index - 1] === 'lxc' ? part : undefined);
    if (name !== undefined && name !== '') return unescapeUnitName(name);
    if (UNIT.test(unescapeCgroup(part))) return null;
  }
  return null;
}

/** Undoes systemd-escape(1): `\x2d` is a dash. */
function unescapeUnitName(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
