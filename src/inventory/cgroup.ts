/** What the cgroup of a process tells of who started it. */
export interface CgroupFacts {
  /** Innermost systemd unit: `ssh.service`, `session-3.scope`, `app-foo.service` of a user manager. */
  readonly unit: string | null;
  /** Container id (64 hex digits), or the machine's name for nspawn and LXC. */
  readonly container: string | null;
}

const UNIT = /\.(?:service|scope|socket)$/;
// docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope, or the bare id below docker/, kubepods/.../
const CONTAINER_ID = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/;

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)): `hierarchy:controllers:path` for each hierarchy. On v2 the one line `0::`
 * counts; on v1 and hybrid hosts `name=systemd` has the units, and container engines use every hierarchy.
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
  const unit = (systemd === null ? null : unitOf(systemd)) ?? (unified === null ? null : unitOf(unified));
  return { unit, container };
}

/** Innermost unit of a cgroup path, below which a unit may keep cgroups of its own; null for none. */
export function unitOf(path: string): string | null {
  const parts = path.split('/');
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    // A leading "_" is put by systemd before names that the kernel reserves (systemd.unit(5), cg_escape).
    const part = (parts[index] ?? '').replace(/^_/, '');
    if (UNIT.test(part)) return part;
  }
  return null;
}

function containerOf(path: string): string | null {
  const parts = path.split('/');
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    const part = parts[index] ?? '';
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
