import type { Dialect } from '../../model/config.ts';
import type { Outgoing } from '../transport.ts';
import { describeInEcs } from './ecs.ts';
import { describeInOcsf } from './ocsf.ts';

/** An event as a JSON object with the field names of a dialect. */
export function describeEvent(outgoing: Outgoing, dialect: Dialect): unknown {
  switch (dialect) {
    case 'portreeve':
      return outgoing.possibleDuplicate ? { ...outgoing.event, possibleDuplicate: true } : outgoing.event;
    case 'ecs':
      return describeInEcs(outgoing);
    case 'ocsf':
      return describeInOcsf(outgoing);
  }
}
