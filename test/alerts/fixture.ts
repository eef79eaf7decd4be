import { createAlertBook, type AlertBook } from '../../src/alerts/alert-book.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { AlertConfig } from '../../src/model/config.ts';
import type { EventDraft, PortreeveEvent } from '../../src/model/event.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';

export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export const CONFIG: AlertConfig = {
  settle: { critical: 0, error: 3 * SECOND, warning: 5 * SECOND, notice: 5 * SECOND, info: 5 * SECOND },
  settleEphemeralUdp: MINUTE,
  resolveAfter: 30 * SECOND,
  reminder: 24 * HOUR,
  flapping: { openings: 5, within: 10 * MINUTE },
  storm: { alerts: 50, within: 10 * SECOND },
  transient: { severity: 'error', repeats: 3, within: HOUR },
  expiryNotice: 14,
};

export interface FakeClock extends Clock {
  /** Time passes on both clocks. */
  pass(milliseconds: number): void;
  /** Someone sets the wall clock. */
  set(milliseconds: number): void;
  /** The machine boots: the steady clock starts anew. */
  boot(): void;
}

export function fakeClock(): FakeClock {
  let wall = Date.parse('2026-11-22T12:00:00.000Z');
  let steady = 5_000_000;
  return {
    now: () => new Date(wall),
    // It goes on between two readings, as the real one does.
    steady: () => (steady += 1e-6),
    pass(milliseconds) {
      wall += milliseconds;
      steady += milliseconds;
    },
    set(milliseconds) {
      wall += milliseconds;
    },
    boot() {
      steady = 1000;
    },
  };
}

/** Started just now by the fake clock, so that nothing is old at the first look. */
export const NEW = '2026-11-22T12:00:00.000Z';

/** `nc` on 1302: a finding of severity error. */
export function netcat(partial: Partial<AuditedListener> = {}): AuditedListener {
  return aListener({ port: 1302, owners: [anOwner({ pid: 1234, name: 'nc', exe: '/usr/bin/nc', unit: 'session-3.scope', startedAt: NEW })], findings: [aFinding()], ...partial });
}

export const ssh = (partial: Partial<AuditedListener> = {}): AuditedListener => aListener({ owners: [anOwner({ startedAt: NEW })], ...partial });

/** `kind!` for an alert, with severity and port. */
export function brief({ kind, audience, severity, listener, detail }: EventDraft): string {
  const count = typeof detail['count'] === 'number' && detail['count'] > 1 ? ` x${detail['count']}` : '';
  return `${kind}${audience === 'alert' ? '!' : ''} ${severity}${listener === null ? '' : ` ${listener.port ?? 'raw'}`}${count}`;
}

export interface Host {
  readonly clock: FakeClock;
  book: AlertBook;
  /** All events so far, as the log has them. */
  readonly log: PortreeveEvent[];
  /** One look; gives what was told. */
  look(listeners: readonly AuditedListener[], uncertain?: (listener: AuditedListener) => boolean): readonly string[];
  /** One look at the same places, each with a socket that was not there before. */
  lookAnew(listeners: readonly AuditedListener[]): readonly string[];
  /** Time passes, and what is due by time is told at its time. */
  wait(milliseconds: number): readonly string[];
  write(drafts: readonly EventDraft[]): readonly string[];
  /** Another daemon starts from a saved state and the events after it. */
  restart(saved?: unknown, after?: readonly PortreeveEvent[]): void;
  /** The messages of the last call. */
  messages(): readonly string[];
}

export function aHost(config: Partial<AlertConfig> = {}, clock: FakeClock = fakeClock()): Host {
  const settings = { ...CONFIG, ...config };
  const log: PortreeveEvent[] = [];
  let last: readonly EventDraft[] = [];
  const host: Host = {
    clock,
    log,
    book: createAlertBook({ config: settings, clock, saved: null }),
    look(listeners, uncertain = () => false) {
      return host.write(host.book.observe({ listeners, appeared: [], uncertain }));
    },
    lookAnew(listeners) {
      return host.write(host.book.observe({ listeners, appeared: listeners, uncertain: () => false }));
    },
    wait(milliseconds) {
      const end = clock.steady() + milliseconds;
      const told: EventDraft[] = [];
      for (let due = host.book.nextDue(); due !== null && due <= end; due = host.book.nextDue()) {
        clock.pass(Math.max(0, due - clock.steady()));
        const drafts = host.book.elapse();
        told.push(...drafts);
        host.write(drafts);
      }
      clock.pass(end - clock.steady());
      last = told;
      return told.map(brief);
    },
    write(drafts) {
      last = drafts;
      for (const draft of drafts) {
        const sequence = log.length + 1;
        log.push({ ...draft, schema: 'portreeve/event/v1', id: String(sequence), sequence, time: clock.now().toISOString(), host: 'web1' });
      }
      return drafts.map(brief);
    },
    restart(saved = host.book.save(), after = []) {
      host.book = createAlertBook({ config: settings, clock, saved: JSON.parse(JSON.stringify(saved)) });
      for (const event of after) host.book.replay(JSON.parse(JSON.stringify(event)) as PortreeveEvent);
    },
    messages: () => last.map(({ message }) => message),
  };
  return host;
}
