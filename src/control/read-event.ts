import type { Difference } from '../model/audit-change.ts';
import type { DataReader } from '../model/data-reader.ts';
import { EVENT_KINDS, type PortreeveEvent } from '../model/event.ts';
import { readListener } from '../model/read-listener.ts';
import { SEVERITIES } from '../model/severity.ts';
import { readCount, readMoment } from './read-report.ts';

const DIFFERENCES = ['port', 'owner', 'executable', 'foreign', 'deleted', 'user', 'unit', 'container', 'socket unit', 'dual-stack', 'registry', 'finding'] as const satisfies readonly Difference['what'][];
const RESOLUTIONS = ['closed', 'excepted', 'policy'] as const;

/** `portreeve/event/v1`. What is not of its type is among the reader's faults. */
export function readEvent(reader: DataReader): PortreeveEvent {
  const alert = reader.at('alert');
  const resolution = alert.isNull() ? null : alert.at('resolution');
  return {
    schema: reader.at('schema').oneOf(['portreeve/event/v1']),
    id: reader.at('id').text(),
    sequence: readCount(reader.at('sequence')),
    time: readMoment(reader.at('time')),
    host: reader.at('host').text(),
    kind: reader.at('kind').oneOf(EVENT_KINDS),
    audience: reader.at('audience').oneOf(['alert', 'record']),
    severity: reader.at('severity').oneOf(SEVERITIES),
    message: reader.at('message').text(),
    alert:
      resolution === null
        ? null
        : {
            id: alert.at('id').text(),
            openedAt: readMoment(alert.at('openedAt')),
            openings: readCount(alert.at('openings')),
            resolution: resolution.isNull() ? null : resolution.oneOf(RESOLUTIONS),
          },
    listener: reader.at('listener').isNull() ? null : readListener(reader.at('listener')),
    differences: reader.at('differences').items().map((difference) => ({
      what: difference.at('what').oneOf(DIFFERENCES),
      before: difference.at('before').textOrNull(),
      after: difference.at('after').textOrNull(),
    })),
    // Any key, `__proto__` too: fromEntries makes own keys of them.
    detail: Object.fromEntries(reader.at('detail').entries().map(([key, value]) => [key, value.scalar()])),
  };
}
