import { hostname, uptime } from 'node:os';
import { createAlertBook } from '../alerts/alert-book.ts';
import type { AuditReport } from '../model/audit.ts';
import type { DaemonStatus } from '../model/daemon.ts';
import type { Problem } from '../model/errors.ts';
import type { EventDraft } from '../model/event.ts';
import type { Owner } from '../model/listener.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { createSleep } from '../model/sleep.ts';
import { VERSION } from '../model/version.ts';
import { DEFAULT_MAX_LOSS_PERCENT, registryCheckedAt } from '../pass/registry.ts';
import { updateRegistry } from '../pass/registry-update.ts';
import { createHostWatcher } from '../pass/watch-host.ts';
import { renderMetrics } from '../reports/prometheus.ts';
import { createSinks } from '../sinks/create-sinks.ts';
import { lookUpNames } from '../sinks/look-up-names.ts';
import { createKernelEvents } from '../sources/tracefs/kernel-events.ts';
import { openCursorStore } from '../state/cursor-store.ts';
import { openEventLog } from '../state/event-log.ts';
import { queryHistory } from '../state/query-history.ts';
import { bootId, lockStateDir } from '../state/lock-state-dir.ts';
import { openStateFile } from '../state/state-file.ts';
import { statePaths } from '../state/state-paths.ts';
import { createAutoUpdate } from './auto-update.ts';
import { composeStatus, statusLine } from './compose-status.ts';
import { createCoverageWatch } from './coverage-watch.ts';
import { LONGEST_WAIT, type Daemon, type DaemonChoice, type Surroundings } from './daemon.ts';
import { draftOf } from './draft.ts';
import { createEvidence } from './evidence.ts';
import { createExceptionUse } from './exception-use.ts';
import { createJudge } from './judge.ts';
import { createMetricsWriter } from './metrics-writer.ts';
import { readNames, saveNames } from './namespace-names.ts';
import { openControl } from './open-control.ts';
import { createRecordBudget } from './record-budget.ts';
import { replayEvents, sequenceOf } from './replay-events.ts';
import { openSettings } from './settings.ts';
import { createStateSaver } from './state-saver.ts';
import { createTimeWatch } from './time-watch.ts';
import { createTurns } from './turns.ts';

/** How long the sinks may take to send what is left when the daemon stops. */
const DRAIN = 3_000;
const UPDATE_TIMEOUT = 300_000;

/**
 * Opens everything that the daemon is made of. What it cannot do without ends the start: the configuration, the policy, a
 * registry that was named, and that no other daemon has the state directory. A disk that does not take anything and a
 * control socket that cannot be made do not.
 * @throws PortreeveError
 */
export async function openDaemon(choice: DaemonChoice, surroundings: Surroundings): Promise<Daemon> {
  const { clock, logger, environment } = surroundings;
  const startedAt = clock.now();
  const settings = await openSettings(choice, surroundings);
  const { stateDir } = settings;
  const lock = await lockStateDir(stateDir);
  if (lock.problem !== null) logger.error('the state directory cannot be written: what happens now is forgotten at the next start', { problem: lock.problem });
  const paths = statePaths(stateDir);
  const stateFile = openStateFile({ path: paths.state, clock, logger });
  const saved = await stateFile.load();
  const boot = await bootId();
  const cursors = await openCursorStore({ folder: paths.sinks, logger });
  const log = await openEventLog({ folder: paths.events, maxBytes: settings.config.state.maxSize, maxAgeMs: settings.config.state.maxAge, host: hostname(), clock, logger, after: Math.max(sequenceOf(saved), cursors.highest()) });
  const book = createAlertBook({ config: settings.config.alerts, clock, saved: saved?.['alerts'] ?? null });
  const use = createExceptionUse(saved?.['exceptions']);
  const coverage = createCoverageWatch(saved?.['coverage']);
  await replayEvents(log, book, sequenceOf(saved));

  const evidence = createEvidence();
  const kernel = settings.config.scan.kernelEvents === 'auto' && process.platform === 'linux' ? createKernelEvents<Owner>({ clock, logger, identify: (thread) => evidence.readCaller(thread) }) : null;
  const watcher = createHostWatcher({ source: choice.source ?? settings.config.scan.source, clock, called: readNames(saved?.['namespaces'], boot) });
  const turns = createTurns({
    watcher,
    judge: createJudge(settings.inputs.registry, settings.inputs.policy),
    book,
    use,
    coverage,
    inputs: () => settings.inputs,
    unusedAfter: () => settings.config.policy.unusedAfter,
    clock,
    monotonic: () => process.hrtime.bigint(),
    drain: () => kernel?.drain() ?? [],
    isHearing: () => kernel?.isHearing ?? false,
  });
  const lookUp = lookUpNames();
  const openSinks = (): ReturnType<typeof createSinks> => createSinks(settings.config.sinks, { reader: log, cursors, clock, logger, lookUp, report: (draft) => void log.append([draft]) });
  let sinks = openSinks();
  const unsubscribe = log.subscribe(() => {
    sinks.wake();
  });
  const autoUpdate = createAutoUpdate(settings.config.registry, {
    update: (registry) => updateRegistry({ from: registry.url, stateDir, force: false, allowHttp: registry.allowHttp, maxLossPercent: DEFAULT_MAX_LOSS_PERCENT, caFile: registry.caFile, timeoutMs: UPDATE_TIMEOUT, environment, now: () => clock.now(), warn }),
    lastCheckedAt: await registryCheckedAt(stateDir),
    clock,
    logger,
  });
  let state: DaemonStatus['state'] = 'starting';
  let lastFailure: string | null = null;
  let line: { readonly summary: AuditReport['summary'] | null; readonly text: string } | null = null;
  /** Writes to the event log that are under way. */
  let appending = 0;
  const saver = createStateSaver({
    file: stateFile,
    compose: () => ({ sequence: log.newest, alerts: book.save(), exceptions: use.save(), coverage: coverage.save(), namespaces: saveNames(watcher.namespaces(), boot) }),
    isAppending: () => appending > 0,
    clock,
  });
  let told: EventDraft[] = greet();
  const sleep = createSleep();
  const budget = createRecordBudget(clock);
  const time = createTimeWatch({ clock, uptime });

  const status = (): DaemonStatus => {
    const open = book.openAlerts();
    return composeStatus({
      state,
      startedAt,
      now: clock.now(),
      configFile: settings.config.file,
      scan: { ...turns.counters, intervalMs: settings.config.scan.interval, sweepMs: settings.config.scan.sweep },
      inputs: settings.inputs,
      maxRegistryAgeMs: settings.config.registry.maxAge,
      audit: turns.latest()?.report ?? null,
      alerts: { open: open.length, bySeverity: countSeverities(open.map(({ severity }) => severity)) },
      kernelEvents: kernel?.state() ?? { mode: 'polling', detail: 'kernel events are switched off (scan.kernelEvents)', lost: 0 },
      lastReload: settings.lastReload,
      eventLog: log.status(),
      sinks: sinks.status(),
    });
  };
  const control = await openControl(settings.config.control, {
    answers: {
      status,
      audit: () => turns.latest(),
      history: (query) => queryHistory(log, query),
      subscribe: (listener) => log.subscribe((events) => { events.forEach(listener); }),
    },
    logger,
    clock,
  });

  const metrics = createMetricsWriter({ config: () => settings.config.metrics, render: () => renderMetrics(status(), turns.latest()?.report ?? null), clock, logger });
  const nextDue = (): number | null => least([book.nextDue(), autoUpdate.nextDue(), saver.nextDue(), metrics.nextDue()]);
  const append = (drafts: readonly EventDraft[]): void => {
    appending += 1;
    void log.append(drafts).then(() => { appending -= 1; });
  };

  /** What came up besides what listens. */
  const gather = (): { readonly isAny: boolean } => {
    const renewed = settings.takeRenewed();
    if (renewed !== null) told.push(...renewed, ...turns.rejudge());
    told.push(...time.note(Math.min(settings.config.scan.interval, LONGEST_WAIT)), ...autoUpdate.take());
    return { isAny: renewed !== null || told.length > 0 };
  };

  return {
    async turn(kind) {
      if (kind === 'sweep') {
        evidence.renew();
        settings.renew();
      }
      gather();
      autoUpdate.start();
      told.push(...(kind === null ? turns.elapse() : await turns.take(kind)));
      const drafts = budget.admit(told);
      told = [];
      if (kind !== null) {
        lastFailure = null;
        if (state === 'starting') state = 'running';
      }
      if (drafts.length > 0) append(drafts);
      saver.note(turns.takeLearned() || drafts.length > 0 || (kind === 'sweep' && stateFile.status().error !== null));
      // None of these is waited for: a disk that hangs must not hang the loop, and the log has what the state lacks.
      saver.start();
      metrics.start();
    },
    glance() {
      return !gather().isAny && clock.steady() < (nextDue() ?? Infinity) && turns.glance();
    },
    noteFailure(error) {
      kernel?.recheck();
      // Told once, however often it happens in a row.
      if (lastFailure !== error.message) logger.error('the sockets could not be read', { error: error.message, hint: error.hint });
      lastFailure = error.message;
    },
    async hear(ms, again) {
      // What was told while the last turn was under way.
      if (turns.takeAsked()) return true;
      if (kernel === null) await sleep.take(ms, again);
      else turns.hear(await kernel.next(ms, again));
      return turns.takeAsked();
    },
    wake() {
      kernel?.wake();
      sleep.end();
    },
    nextDue,
    scan: () => settings.config.scan,
    async reload() {
      const sinksBefore = JSON.stringify(settings.config.sinks);
      const { ok, drafts } = await settings.reload();
      told.push(...drafts);
      if (!ok) return;
      book.reconfigure(settings.config.alerts);
      autoUpdate.reconfigure(settings.config.registry);
      told.push(...turns.rejudge());
      if (JSON.stringify(settings.config.sinks) === sinksBefore) sinks.reopen();
      else {
        await sinks.stop(DRAIN);
        sinks = openSinks();
      }
    },
    statusLine() {
      const summary = turns.summary();
      if (line?.summary !== summary) line = { summary, text: statusLine(summary) };
      return line.text;
    },
    async close() {
      state = 'stopping';
      await log.append([...budget.admit([...told, ...turns.close(), ...book.close()]), ...budget.close(), draftOf('agent', 'info', 'portreeve stopped', { version: VERSION }, 'record')]);
      await Promise.all([saver.save(), control?.close(), kernel?.close(), sinks.stop(DRAIN)]);
      unsubscribe();
      watcher.close();
      await Promise.all([log.close(), cursors.close()]);
      await lock.release();
    },
  };

  function warn(problem: Problem): void {
    logger.warning('the registry is odd', { file: problem.position.file, problem: problem.message });
  }

  /** What the start itself has to tell. */
  function greet(): EventDraft[] {
    const damage = [stateFile.status().problem, ...log.problems, ...book.faults].filter((problem) => problem !== null);
    return [
      draftOf('agent', 'info', `portreeve ${VERSION} started`, { version: VERSION, pid: process.pid }, 'record'),
      ...damage.map((problem) => draftOf('agent', 'warning', `what portreeve kept was damaged: ${problem}`, { problem })),
      ...(lock.problem === null ? [] : [draftOf('agent', 'error', `portreeve cannot keep anything: ${lock.problem}`, { problem: lock.problem })]),
    ];
  }
}

function countSeverities(severities: readonly Severity[]): Record<Severity, number> {
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  for (const severity of severities) counts[severity] += 1;
  return counts;
}

function least(times: readonly (number | null)[]): number | null {
  const given = times.filter((time) => time !== null);
  return given.length === 0 ? null : Math.min(...given);
}
