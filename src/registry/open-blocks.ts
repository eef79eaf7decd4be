import type { PortRegistry, Transport } from '../model/registry.ts';
import { FIRST_DYNAMIC_PORT, FIRST_USER_PORT, LAST_PORT } from './port-table.ts';

/** Neighbouring ports that belong to nobody; both ends belong to it. */
export interface OpenBlock {
  readonly from: number;
  readonly to: number;
}

/**
 * The runs of user ports that are unassigned on every one of the transports and never carried a name that the registry
 * knows. System ports are not among them: those are for standards (RFC 6335, section 8.1.2).
 */
export function findOpenBlocks(registry: PortRegistry, transports: readonly Transport[]): OpenBlock[] {
  const blocks: OpenBlock[] = [];
  for (let port = FIRST_USER_PORT; port < FIRST_DYNAMIC_PORT; port += 1) {
    const isOpen = transports.every((transport) => {
      const { status, former } = registry.lookup(port, transport);
      return status === 'unassigned' && former === null;
    });
    if (!isOpen) continue;
    const last = blocks.at(-1);
    if (last?.to === port - 1) blocks[blocks.length - 1] = { from: last.from, to: port };
    else blocks.push({ from: port, to: port });
  }
  return blocks;
}

/** The one block of the dynamic range, which is nobody's on any transport. */
export const DYNAMIC_BLOCK: OpenBlock = { from: FIRST_DYNAMIC_PORT, to: LAST_PORT };
