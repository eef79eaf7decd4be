import { worstFinding, type AuditedListener } from '../model/audit.ts';
import { standingOf } from '../model/compare-listeners.ts';
import type { AlertSummary } from '../model/event.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import { flappingUntil, type Alert, type Book } from './book.ts';

/** An open alert, for the status. */
export interface OpenAlert {
  readonly alert: AlertSummary;
  readonly severity: Severity;
  /** The listener that spoke for it last, and how many are part of it. */
  readonly listener: AuditedListener;
  readonly listeners: number;
  readonly isFlapping: boolean;
  /** False where a storm kept it out of the sinks. */
  readonly isTold: boolean;
}

export function summarizeAlert({ id, openedAt, openings }: Alert, resolution: AlertSummary['resolution'] = null): AlertSummary {
  return { id, openedAt, openings, resolution };
}

export function listOpenAlerts(book: Book): readonly OpenAlert[] {
  return [...book.alerts.values()].map((alert) => ({
    alert: summarizeAlert(alert),
    severity: alert.severity,
    listener: alert.spoken,
    listeners: alert.places.size,
    isFlapping: flappingUntil(book, alert.key) !== null,
    isTold: alert.isTold,
  }));
}

/** What the listeners of an alert have against them now: of those that are there, or where none is, of those that were. */
export function weighAlert(alert: Alert): { readonly rules: ReadonlySet<string>; readonly severity: Severity; readonly speaker: AuditedListener } {
  const places = [...alert.places];
  const present = places.filter(({ goneAt }) => goneAt === null);
  const rules = new Set<string>();
  let speaker: AuditedListener | null = null;
  let rank = -1;
  for (const { listener } of present.length > 0 ? present : places) {
    for (const { rule } of standingOf(listener.findings)) rules.add(rule);
    const own = rankOf(listener);
    if (own < rank || (own === rank && listener !== alert.spoken)) continue;
    [rank, speaker] = [own, listener];
  }
  return { rules, severity: worstFinding(speaker ?? alert.spoken)?.severity ?? alert.severity, speaker: speaker ?? alert.spoken };
}

export function rankOf(listener: AuditedListener): number {
  const worst = worstFinding(listener);
  return worst === null ? -1 : severityRank(worst.severity);
}
