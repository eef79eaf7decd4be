import type { Gap } from '../model/coverage.ts';
import type { HostSockets } from './read-sockets.ts';

/** Tells of which network namespaces a reading is not whole. */
export interface Certainty {
  /** Inodes of the namespaces in which a listener may be missing that was seen before. */
  judge(sockets: HostSockets): ReadonlySet<number | null>;
}

/**
 * A gap that a namespace has had since it was first read (a protocol that the kernel does not give) hides nothing that was
 * ever seen. Every other one does, and a dump that was not finished does each time.
 */
export function createCertainty(): Certainty {
  let lasting: ReadonlyMap<number | null, ReadonlySet<string>> = new Map();
  return {
    judge({ readings, closed }) {
      const uncertain = new Set(closed);
      const next = new Map<number | null, ReadonlySet<string>>();
      for (const { namespace, dump } of readings) {
        const hiding = dump.gaps.filter(({ hides }) => hides === 'listeners');
        const usual = lasting.get(namespace.inode) ?? new Set(hiding.filter(({ code }) => !isPassing(code)).map(({ detail }) => detail));
        next.set(namespace.inode, usual);
        if (hiding.some(({ detail }) => !usual.has(detail))) uncertain.add(namespace.inode);
      }
      // A namespace that is closed for a while is the same one when it opens again.
      for (const inode of closed) next.set(inode, lasting.get(inode) ?? new Set());
      lasting = next;
      return uncertain;
    },
  };
}

function isPassing(code: Gap['code']): boolean {
  return code === 'dump-interrupted' || code === 'dump-truncated';
}
