import type { EventAudience, EventDraft, EventKind } from '../model/event.ts';
import type { Severity } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';

/** An event that is about the agent itself and no listener. */
export function draftOf(kind: EventKind, severity: Severity, message: string, detail: EventDraft['detail'] = {}, audience: EventAudience = 'alert'): EventDraft {
  return { kind, audience, severity, message: cleanText(message, { again: true }), alert: null, listener: null, differences: [], detail };
}
