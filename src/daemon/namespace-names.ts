import type { NetworkNamespace } from '../model/socket.ts';

/**
 * What network namespaces are called, for the next run of the daemon: those of one name are told apart by numbers, which
 * are given as they are found. An inode means a namespace until the next boot.
 */
export interface SavedNames {
  readonly boot: string;
  readonly names: readonly (readonly [inode: number, name: string | null])[];
}

/** Far more than a host has. */
const MOST_NAMES = 10_000;

export function saveNames(namespaces: readonly NetworkNamespace[], boot: string): SavedNames {
  return { boot, names: namespaces.slice(0, MOST_NAMES).flatMap(({ inode, name }) => (inode === null ? [] : [[inode, name] as const])) };
}

/** @param saved what `saveNames` gave, or whatever stands in the file. None where it is of another boot, or not understood */
export function readNames(saved: unknown, boot: string): readonly NetworkNamespace[] {
  const { boot: savedBoot, names } = (typeof saved === 'object' && saved !== null ? saved : {}) as Partial<Record<keyof SavedNames, unknown>>;
  if (savedBoot !== boot || boot === '-' || !Array.isArray(names)) return [];
  return (names as readonly unknown[]).slice(0, MOST_NAMES).flatMap((entry) => {
    const [inode, name] = (Array.isArray(entry) ? entry : []) as readonly unknown[];
    return typeof inode === 'number' && Number.isSafeInteger(inode) && (name === null || (typeof name === 'string' && name.length <= 255)) ? [{ inode, name }] : [];
  });
}
