import { realpathSync } from 'node:fs';

/** Gives a path with the links of its folder resolved; one whose folder is not there stays as it is. */
export function createFolderResolver(root: string): (path: string) => string {
  const known = new Map<string, string>();
  const base = realFolder(`${root}/`) ?? root;
  return (path) => {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, slash);
    let real = known.get(folder);
    if (real === undefined) {
      const found = realFolder(`${root}${folder}/`);
      real = found === null ? folder : base === '/' ? found : found.slice(base.length);
      known.set(folder, real);
    }
    return `${real === '/' ? '' : real}${path.slice(slash)}`;
  };
}

function realFolder(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
