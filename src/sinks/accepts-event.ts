import type { SinkConfig } from '../model/config.ts';
import type { PortreeveEvent } from '../model/event.ts';
import { severityRank } from '../model/severity.ts';

/** Whether a sink takes an event: of the kinds that it names, or every alert where it names none, from its severity on. */
export function acceptsEvent({ kinds, minSeverity }: Pick<SinkConfig, 'kinds' | 'minSeverity'>, event: PortreeveEvent): boolean {
  const wanted = kinds === null ? event.audience === 'alert' : kinds.includes(event.kind);
  return wanted && severityRank(event.severity) >= severityRank(minSeverity);
}
