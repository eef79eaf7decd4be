import { join } from 'node:path';
import { fileAt } from './executable.ts';

/**
 * How many folders of a cgroup path, from the first on, root made; null where the folders cannot be seen (a cgroup
 * namespace). Whoever a cgroup was delegated to owns its folder, and can make others of any name in it.
 */
export type RootMadeDepth = (controllers: string, path: string) => number | null;

/**
 * Looks at the owners of cgroup folders.
 * @param roots where cgroup v2 may be mounted; v1 hierarchies lie in the first, each by its controllers
 */
export function createRootMadeDepth(roots: readonly string[]): RootMadeDepth {
  const known = new Map<string, number | null>();
  const measure = (controllers: string, path: string): number | null => {
    const parts = path.split('/').filter((part) => part !== '');
    const mounts = controllers === '' ? roots : roots.slice(0, 1).map((root) => join(root, controllers.replace(/^name=/, '')));
    for (const mount of mounts) {
      if (fileAt(join(mount, path)) === null) continue;
      const foreign = parts.findIndex((_part, index) => fileAt(join(mount, ...parts.slice(0, index + 1)))?.uid !== 0);
      return foreign < 0 ? parts.length : foreign;
    }
    return null;
  };
  return (controllers, path) => {
    const key = `${controllers}:${path}`;
    let depth = known.get(key);
    if (depth === undefined) known.set(key, (depth = measure(controllers, path)));
    return depth;
  };
}
