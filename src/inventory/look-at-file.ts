import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { findMount, hasDevice, isLocal, layersOf, type Mount } from './mounts.ts';
import { readLongText, readRecord } from './read-text.ts';

/** A file that was not looked at, since a look might never end. */
export interface Unasked {
  /** The mount that would have to be asked; null for one that no table of mounts tells of. */
  readonly unasked: Mount | null;
  /** It is a mount that the host itself sees, and not of a namespace of somebody's own. */
  readonly isOfHost: boolean;
}

/** The file at a path, links followed; null where there is none or it may not be seen. */
export type Sight = Stats | Unasked | null;

/** Where the files of this host are looked at. */
export interface HostFiles {
  readonly proc: string;
  /** `/proc/1`, or our own folder where we may not look through the first process. */
  readonly first: string;
  /** What stands before a path of this host. */
  readonly root: string;
}

/** Looks at files that somebody else chose, and waits for no server and no other process on the way. */
export interface FileViewer {
  /**
   * @param start a folder or a link of /proc, which leads to its file without any other being asked
   * @param path from there on, as `start` were the root folder; empty for the file itself
   * @param processFolder `/proc/<pid>` of the process whose mounts it may lie on, where they are not the host's
   */
  look(start: string, path: string, processFolder?: string): Sight;
  /** The same from the host's root folder. */
  lookOnHost(path: string): Sight;
  /** Where a path leads to on this host; null where it leads to nothing, or what is on the way may not answer. */
  realPath(path: string): string | null;
}

export function isUnasked(sight: Sight): sight is Unasked {
  return sight !== null && 'unasked' in sight;
}

/** The file, where it was looked at. */
export function seenOf(sight: Sight): Stats | null {
  return isUnasked(sight) ? null : sight;
}

/** A descriptor for where a path leads, of which nothing is opened or asked (open(2)); the same number on all machines that Node runs on. */
const O_PATH = 0o10000000;
/** As the kernel's own limit (MAXSYMLINKS, include/linux/namei.h). */
const MOST_LINKS = 40;
/** A path has 2,000 names at most, and every link can lead through as many again. */
const MOST_NAMES = 1000;
/** Bytes of a table of mounts: any user can make 100,000 mounts in a namespace of his own. */
const TABLE_LIMIT = 4 << 20;
/** Our own descriptors, which are always here. */
const OWN = '/proc/self';

/** One name of a path. */
interface Step {
  readonly fd: number;
  readonly mount: Mount;
  readonly stats: Stats;
}

/**
 * stat(2) asks the server of a network file system or of FUSE, and so does the walk through a folder there; where that one is
 * gone or stopped, the caller waits for good, and sometimes not even SIGKILL ends it. So a path is walked name by name, and only
 * through file systems that ask nobody. Each step is a descriptor with O_PATH, so that nothing can be put in its place, and the
 * kernel tells which mount it is on (`mnt_id`, proc_pid_fdinfo(5)) before anything is asked of it. What that mount is gets
 * looked up while the descriptor keeps it there: its number is no other's then. 10 microseconds a name, and for each mount on
 * the way but our own root what its table takes to read: 50 microseconds for 20 mounts.
 *
 * The file system of our own root folder counts as one that answers: where it does not, we hang anyway.
 */
export function createFileViewer({ proc, first, root }: HostFiles): FileViewer {
  const hostRoot = root === '' ? '/' : root;
  const readTable = (folder: string): string => readLongText(`${folder}/mountinfo`, TABLE_LIMIT) ?? '';
  const overlays = new Map<string, boolean>();
  let rootMount: Mount | null | undefined;

  const findIn = (folder: string, id: number): Mount | null => findMount(readTable(folder), id);
  /** Null where no table has it: unmounted lazily, internal to the kernel, or of another namespace. */
  const mountOf = (id: number | null, processFolder: string | null): Mount | null => {
    if (id === null) return null;
    const own = ownRoot();
    return id === own?.id ? own : ((processFolder === null ? null : findIn(processFolder, id)) ?? findIn(first, id) ?? findIn(`${proc}/self`, id));
  };
  /** Looked up once: it is there as long as we are. */
  const ownRoot = (): Mount | null => {
    if (rootMount === undefined) {
      rootMount = null;
      const fd = openSync('/', O_PATH);
      try {
        rootMount = mountOf(mountId(fd), null);
      } finally {
        closeSync(fd);
      }
    }
    return rootMount;
  };
  /** One that the host sees shows folders of the host; a user's own may show any. */
  const answersAsOverlay = (mount: Mount): boolean => {
    const layers = layersOf(mount);
    if (layers === null || !hasDevice(readTable(first), mount.device)) return false;
    let answer = overlays.get(mount.options);
    if (answer === undefined) {
      // One that lies on itself, as the table may say when it changes meanwhile.
      overlays.set(mount.options, false);
      answer = layers.every((layer) => seenOf(lookOnHost(layer)) !== null);
      overlays.set(mount.options, answer);
    }
    return answer;
  };
  const answers = (mount: Mount): boolean => isLocal(mount) || mount.device === ownRoot()?.device || answersAsOverlay(mount);

  /** Goes to the end of a path, and gives what is made of it there. The descriptor is closed then. */
  const walk = <T>(start: string, path: string, processFolder: string | null, take: (end: Step) => T): T | Unasked | null => {
    const trail: Step[] = [];
    const goBack = (length: number): void => {
      for (const { fd } of trail.splice(length)) closeSync(fd);
    };
    /** Puts one more step on the trail, or gives what keeps us from it. */
    const enter = (name: string, flags: number, from: Mount | null): Step | Unasked => {
      const fd = openSync(name, O_PATH | flags);
      let step: Step | null = null;
      try {
        const id = mountId(fd);
        const mount = from?.id === id ? from : mountOf(id, processFolder);
        if (mount === null || !answers(mount)) return { unasked: mount, isOfHost: mount !== null && findIn(first, mount.id) !== null };
        step = { fd, mount, stats: fstatSync(fd) };
        trail.push(step);
        return step;
      } finally {
        if (step === null) closeSync(fd);
      }
    };
    try {
      const left = path.split('/').reverse();
      let links = 0;
      let at = enter(start, 0, null);
      for (let names = 0; !('unasked' in at); names += 1) {
        const name = left.pop();
        if (name === undefined) return take(at);
        if (names > MOST_NAMES) return { unasked: null, isOfHost: false };
        if (name === '' || name === '.') continue;
        if (name === '..') {
          goBack(Math.max(1, trail.length - 1));
          at = trail.at(-1) ?? at;
          continue;
        }
        const way = `${OWN}/fd/${at.fd}/${name}`;
        const next = enter(way, constants.O_NOFOLLOW, at.mount);
        if ('unasked' in next || !next.stats.isSymbolicLink()) {
          at = next;
          continue;
        }
        if ((links += 1) > MOST_LINKS) return null;
        const target = readlinkSync(way);
        left.push(...target.split('/').reverse());
        goBack(target.startsWith('/') ? 1 : trail.length - 1);
        at = trail.at(-1) ?? at;
      }
      return at;
    } catch {
      return null;
    } finally {
      goBack(0);
    }
  };
  const look = (start: string, path: string, processFolder?: string): Sight => walk(start, path, processFolder ?? null, ({ stats }) => stats);
  const lookOnHost = (path: string): Sight => look(hostRoot, path);

  return {
    look,
    lookOnHost,
    realPath(path) {
      const found = walk(hostRoot, path, null, ({ fd }) => readlinkSync(`${OWN}/fd/${fd}`));
      return typeof found === 'string' ? found : null;
    },
  };
}

/** Number of the mount that a descriptor is on; null where /proc does not tell. */
function mountId(fd: number): number | null {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readRecord(`${OWN}/fdinfo/${fd}`) ?? '')?.[1];
  return id === undefined ? null : Number(id);
}
