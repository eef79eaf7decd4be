import type { Listener, Owner } from '../model/listener.ts';
import { findDpkgOwners, hasDpkg, type DpkgAnswer } from './dpkg-files.ts';
import { createFileViewer, isUnasked, type FileViewer, type Sight } from './look-at-file.ts';
import { findRpmOwners, hasRpm } from './rpm-files.ts';

export interface PackagePaths {
  /** Folder that stands for `/`; the empty text for `/` itself. */
  readonly root: string;
  readonly proc: string;
}

export const PACKAGE_PATHS: PackagePaths = { root: '', proc: '/proc' };

/**
 * The listeners with the package of each owner's executable, as far as dpkg or rpm can tell. This belongs to the
 * inventory, not to the policy: it reads the host, and a policy is judged on facts that it is handed. It costs a walk
 * through the database, so it is done only for a policy that asks.
 *
 * It goes by the path. That the file at that path is the one that the package brought is for `dpkg --verify` or
 * `rpm --verify` to say.
 */
export function namePackages(listeners: readonly Listener[], paths: PackagePaths = PACKAGE_PATHS): readonly Listener[] {
  const owners = listeners.flatMap((listener) => listener.owners);
  const wanted = new Set(owners.flatMap(({ exe }) => exe ?? []));
  const answer = wanted.size === 0 ? null : askDatabase(paths.root, wanted);
  if (answer === null) return listeners;
  const files = createFileViewer({ ...paths, first: `${paths.proc}/self` });
  const name = (owner: Owner): Owner => {
    const exePackage = packageOf(owner, answer.packages, answer.complete, paths.proc, files);
    return exePackage === undefined ? owner : { ...owner, exePackage };
  };
  return listeners.map((listener) => ({ ...listener, owners: listener.owners.map(name) }));
}

/** Why the packages of this host are not known, or not of every file; null where they are. It costs the walk through rpm's database. */
export function explainUnknownPackages({ root }: PackagePaths = PACKAGE_PATHS): string | null {
  if (hasDpkg(root)) {
    return hasRpm(root) ? 'beside that of dpkg this host has a database of rpm, which is not asked: whether a file belongs to no package cannot be told' : null;
  }
  const answer = findRpmOwners(root, new Set());
  if (answer === null) return 'there is no database of dpkg or rpm on this host';
  return 'unknown' in answer ? answer.unknown : null;
}

/** What dpkg knows counts: on its hosts rpm is a tool beside it. Null where nothing is known. */
function askDatabase(root: string, wanted: ReadonlySet<string>): DpkgAnswer | null {
  const answer = findDpkgOwners(root, wanted);
  if (answer !== null) return { ...answer, complete: answer.complete && !hasRpm(root) };
  const rpm = findRpmOwners(root, wanted);
  return rpm === null || 'unknown' in rpm ? null : { packages: rpm.packages, complete: true };
}

/** Undefined where it cannot be told. */
function packageOf({ pid, exe, exeDeleted }: Owner, packages: ReadonlyMap<string, string>, isWhole: boolean, proc: string, files: FileViewer): string | null | undefined {
  if (exe === null) return undefined;
  // A file in memory has a name that anyone may choose, and no path.
  if (exe.startsWith('/memfd:')) return null;
  const folder = `${proc}/${pid}`;
  // A container's or chroot's files are not those that this host's packages speak of, though the paths may be alike.
  if (isSameFile(files.look(`${folder}/root`, '', folder), files.lookOnHost('/')) !== true) return undefined;
  const found = packages.get(exe);
  if (found === undefined) return isWhole ? null : undefined;
  if (exeDeleted === true) return found;
  const [running, here] = [files.look(`${folder}/exe`, '', folder), files.lookOnHost(exe)];
  if (isUnasked(running) && isUnasked(here)) return undefined;
  // A mount of its own can hide another file behind a packaged path; a deleted file is no longer there to compare.
  return isSameFile(running, here) !== false ? found : null;
}

/** Null where either cannot be seen. What was looked at lies elsewhere than what may not be. */
function isSameFile(one: Sight, other: Sight): boolean | null {
  if (one === null || other === null) return null;
  return !isUnasked(one) && !isUnasked(other) && one.dev === other.dev && one.ino === other.ino;
}
