import type { PortRegistry } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { FIRST_DYNAMIC_PORT } from './port-table.ts';

export interface UpdateLimits {
  /** Per cent of the assignments that may be gone. From 2018 to 2022, and from then to 2026, 0.15 % went. */
  readonly maxLossPercent: number;
  /** YYYY-MM-DD, UTC. */
  readonly today: string;
}

export const DEFAULT_MAX_LOSS_PERCENT = 1;

const EXAMPLES = 4;
const DAY_MS = 86_400_000;

/**
 * Why a whole and well-formed file should not take the place of the registry in force; nothing where it may. Each
 * reason is a clause with its numbers.
 */
export function judgeUpdate(inForce: PortRegistry, arrived: PortRegistry, { maxLossPercent, today }: UpdateLimits): string[] {
  const reasons: string[] = [];
  if (arrived.updated < inForce.updated) reasons.push(`it is of ${arrived.updated}, older than the one in force, of ${inForce.updated}`);
  // A date mistyped into the future would make every later file look old. A day of grace: the clock here may be slow.
  if (Date.parse(arrived.updated) > Date.parse(today) + DAY_MS) reasons.push(`its newest entry is of ${arrived.updated}, and here it is ${today}`);

  const { assigned, lost, examples } = countLosses(inForce, arrived);
  if (lost * 100 > assigned * maxLossPercent) {
    const share = ((lost / assigned) * 100).toFixed(lost * 100 < assigned * 10 ? 2 : 0);
    reasons.push(`${lost} of ${assigned} assignments (${share} %) are gone, more than ${maxLossPercent} %: ${examples.join(', ')}${lost > examples.length ? ', ...' : ''}`);
  }
  return reasons;
}

interface Losses {
  /** Ports assigned in the registry in force, each counted on each transport. */
  readonly assigned: number;
  /** Those among them that the new one does not assign. */
  readonly lost: number;
  readonly examples: readonly string[];
}

function countLosses(inForce: PortRegistry, arrived: PortRegistry): Losses {
  let assigned = 0;
  let lost = 0;
  const examples: string[] = [];
  for (let port = 0; port < FIRST_DYNAMIC_PORT; port += 1) {
    for (const transport of TRANSPORTS) {
      const facts = inForce.lookup(port, transport);
      if (facts.status !== 'assigned') continue;
      assigned += 1;
      if (arrived.lookup(port, transport).status === 'assigned') continue;
      lost += 1;
      if (examples.length < EXAMPLES) examples.push(`${port}/${transport}${facts.service === null ? '' : ` ${facts.service}`}`);
    }
  }
  return { assigned, lost, examples };
}
