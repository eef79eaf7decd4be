import { createFileViewer } from './look-at-file.ts';

/** Gives a path with the links of its folder resolved; one whose folder is not there, or may not answer, stays as it is. */
export function createFolderResolver(root: string): (path: string) => string {
  const files = createFileViewer({ proc: '/proc', first: '/proc/self', root });
  const known = new Map<string, string>();
  const base = files.realPath('/') ?? root;
  return (path) => {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, slash);
    let real = known.get(folder);
    if (real === undefined) {
      const found = files.realPath(`${folder}/`);
      real = found === null ? folder : base === '/' ? found : found.slice(base.length);
      known.set(folder, real);
    }
    return `${real === '/' ? '' : real}${path.slice(slash)}`;
  };
}
