import type { OpenBlock } from '../registry/open-blocks.ts';

type PortSpan = readonly [from: number, to: number];

/** What decides which ports are offered, and in which order. */
export interface PortChoice {
  readonly blocks: readonly OpenBlock[];
  /** Ports that are taken: listened on, named by a rule, reserved for some service. */
  readonly taken: readonly PortSpan[];
  readonly ephemeral: PortSpan | null;
  readonly near: number | null;
  readonly seed: string;
}

export interface RankedPort {
  readonly port: number;
  readonly block: OpenBlock;
}

/**
 * Beside an assigned port is where its owner expands, and where a slip of the pen lands. The middle of the large blocks,
 * with this much room on both sides, still leaves 8,300 ports below the ephemeral range to choose from (2026-02-13).
 */
const ROOM = 50;

/**
 * Ports in the order in which to offer them. First those outside the ephemeral range; among these the closest to `near`,
 * or else those with room on both sides; among equals the seed decides, so that two hosts asked on one day do not both
 * take the first port of the largest block. Each port is judged by itself: one that is taken leaves the order of the
 * others as it is. Round numbers are left to those who choose by hand.
 */
export function rankPorts({ blocks, taken, ephemeral, near, seed }: PortChoice): RankedPort[] {
  const isTaken = markPorts(taken);
  const ranked: (RankedPort & { readonly rank: number; readonly lot: number })[] = [];
  for (const block of blocks) {
    for (let port = block.from; port <= block.to; port += 1) {
      if (isTaken[port] === 1 || port % 100 === 0) continue;
      const inEphemeral = ephemeral !== null && port >= ephemeral[0] && port <= ephemeral[1];
      const fit = near === null ? Number(Math.min(port - block.from, block.to - port) < ROOM) : Math.abs(port - near);
      ranked.push({ port, block, rank: fit + (inEphemeral ? 100_000 : 0), lot: near === null ? drawLot(seed, port) : port });
    }
  }
  return ranked.sort((one, other) => one.rank - other.rank || one.lot - other.lot).map(({ port, block }) => ({ port, block }));
}

function markPorts(spans: readonly PortSpan[]): Uint8Array {
  const marked = new Uint8Array(65_536);
  for (const [from, to] of spans) marked.fill(1, from, to + 1);
  return marked;
}

/** FNV-1a over seed and port, finished by MurmurHash3's mixer, without which close numbers give close lots. */
function drawLot(seed: string, port: number): number {
  let hash = 0x811c9dc5;
  for (const unit of `${seed}/${port}`) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The kernel's list of reserved ports with more in it: `8080,9148-9150`. */
export function joinReserved(reserved: readonly PortSpan[], ports: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const [from, to] of [...reserved, ...ports.map((port): PortSpan => [port, port])].sort(([one], [other]) => one - other)) {
    const last = spans.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else spans.push([from, to]);
  }
  return spans.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
