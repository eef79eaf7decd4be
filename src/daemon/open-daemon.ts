import { hostname } from 'node:os';
import { createAlertBook } from '../alerts/alert-book.ts';
import { openControlServer, type ControlServer } from '../control/server.ts';
import type { Clock } from '../model/clock.ts';
import type { Config, LogLevel } from '../model/config.ts';
import type { SourceName } from '../model/coverage.ts';
import type { DaemonStatus, ReloadOutcome } from '../model/daemon.ts';
import { PortreeveError, type Problem } from '../model/errors.ts';
import type { EventDraft } from '../model/event.ts';
import type { Owner } from '../model/listener.ts';
import type { Logger } from '../model/logger.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { VERSION } from '../model/version.ts';
import { openConfig } from '../pass/config.ts';
import { localDate } from '../pass/policy.ts';
import { DEFAULT_MAX_LOSS_PERCENT, registryCheckedAt } from '../pass/registry.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { updateRegistry } from '../pass/registry-update.ts';
import { createHostWatcher } from '../pass/watch-host.ts';
import { renderMetrics } from '../reports/prometheus.ts';
import type { Notifier } from '../service/notifier.ts';
import { createSinks } from '../sinks/create-sinks.ts';
import { createKernelEvents } from '../sources/tracefs/kernel-events.ts';
import { createCursorStore } from '../state/cursor-store.ts';
import { openEventLog } from '../state/event-log.ts';
import { queryHistory } from '../state/query-history.ts';
import { lockStateDir } from '../state/lock-state-dir.ts';
import { openStateFile, type SavedState } from '../state/state-file.ts';
import { statePaths } from '../state/state-paths.ts';
import { createAutoUpdate } from './auto-update.ts';
import { composeStatus, statusLine } from './compose-status.ts';
import { createCoverageWatch } from './coverage-watch.ts';
import { draftOf } from './draft.ts';
import { createEvidence } from './evidence.ts';
import { createExceptionUse } from './exception-use.ts';
import { openInputs, stampRegistry, type InputChoice, type Inputs } from './inputs.ts';
import { createJudge } from './judge.ts';
import { writeMetricsFile } from './metrics-file.ts';
import { createTurns } from './turns.ts';

/** What the command line says; each counts before the configuration. */
export interface DaemonChoice {
  readonly config: string | null;
  readonly rules: readonly string[] | null;
  readonly registry: string | null;
  readonly stateDir: string | null;
  readonly source: SourceName | null;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notifier: Notifier;
  /** Whether alerts go to the journal where the configuration says nothing of sinks. */
  readonly underSystemd: boolean;
  readonly setLogLevel: (level: LogLevel) => void;
  /** Proxy variables and further issuers of certificates, for the registry's update. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The daemon, put together; `runDaemon` drives it. */
export interface Daemon {
  /** A look or a sweep, or only what time alone has made due; writes and forwards what there is to tell. */
  turn(kind: 'look' | 'sweep' | null): Promise<void>;
  noteFailure(error: PortreeveError): void;
  /** Waits so many milliseconds for the kernel's events or the bell; says whether a look at once is asked for. */
  listen(ms: number, bell: Promise<void>): Promise<boolean>;
  /** Steady clock at which a turn has something to do besides looking. */
  nextDue(): number | null;
  scan(): Config['scan'];
  reload(): Promise<void>;
  statusLine(): string;
  close(): Promise<void>;
}

/** The state is saved this long after the first event that it lacks: an event is never lost, for the log has it. Milliseconds. */
const SAVE_AFTER = 2_000;
/** How long the sinks may take to send what is left when the daemon stops. */
const DRAIN = 3_000;
const UPDATE_TIMEOUT = 300_000;
const REPLAY_BATCH = 1_000;
/** Of one reload that was refused; the status has all. */
const MOST_PROBLEMS = 20;

/**
 * Opens everything that the daemon is made of. What it cannot do without ends the start: the configuration, the policy, a
 * registry that was named, and that no other daemon has the state directory. A disk that does not take anything and a
 * control socket that cannot be made do not.
 * @throws PortreeveError
 */
export async function openDaemon(choice: DaemonChoice, { clock, logger, underSystemd, setLogLevel, environment }: Surroundings): Promise<Daemon> {
  const startedAt = clock.now();
  const first = await openConfig({ path: choice.config, underSystemd });
  let config = first.config;
  setLogLevel(config.log.level);
  const stateDir = chooseStateDir(choice.stateDir ?? config.state.dir);
  const choiceOf = (from: Config): InputChoice => ({ config: from, rules: choice.rules, registry: choice.registry, stateDir, now: () => clock.now() });
  let inputs = await openInputs(choiceOf(config));
  for (const { message, position } of [...first.warnings, ...inputs.warnings]) logger.warning('configuration, policy or registry are odd', { file: position.file, line: position.line, problem: message });

  const lock = await lockStateDir(stateDir);
  if (lock.problem !== null) logger.error('the state directory cannot be written: what happens now is forgotten at the next start', { problem: lock.problem });
  const paths = statePaths(stateDir);
  const stateFile = openStateFile({ path: paths.state, clock, logger });
  const saved = await stateFile.load();
  const cursors = createCursorStore({ folder: paths.sinks, logger });
  const log = await openEventLog({ folder: paths.events, maxBytes: config.state.maxSize, maxAgeMs: config.state.maxAge, host: hostname(), clock, logger, after: sequenceOf(saved) });
  const book = createAlertBook({ config: config.alerts, clock, saved: saved?.['alerts'] ?? null });
  const use = createExceptionUse(saved?.['exceptions'], localDate(clock.now()));
  const coverage = createCoverageWatch(saved?.['coverage']);
  await replayEvents();

  const evidence = createEvidence();
  const kernel = config.scan.kernelEvents === 'auto' && process.platform === 'linux' ? createKernelEvents<Owner>({ clock, logger, identify: (thread) => evidence.readCaller(thread) }) : null;
  const watcher = createHostWatcher({ source: choice.source ?? config.scan.source, clock });
  const turns = createTurns({
    watcher,
    judge: createJudge(inputs.registry, inputs.policy),
    book,
    use,
    coverage,
    inputs: () => inputs,
    unusedAfter: () => config.policy.unusedAfter,
    clock,
    monotonic: () => process.hrtime.bigint(),
    drain: () => kernel?.drain() ?? [],
  });
  const openSinks = (): ReturnType<typeof createSinks> => createSinks(config.sinks, { reader: log, cursors, clock, logger, report: (draft) => void log.append([draft]) });
  let sinks = openSinks();
  const unsubscribe = log.subscribe(() => {
    sinks.wake();
  });
  const autoUpdate = createAutoUpdate(config.registry, {
    update: (registry) => updateRegistry({ from: registry.url, stateDir, force: false, allowHttp: registry.allowHttp, maxLossPercent: DEFAULT_MAX_LOSS_PERCENT, caFile: registry.caFile, timeoutMs: UPDATE_TIMEOUT, environment, now: () => clock.now(), warn }),
    lastCheckedAt: await registryCheckedAt(stateDir),
    clock,
    logger,
  });
  let state: DaemonStatus['state'] = 'starting';
  let lastReload: ReloadOutcome | null = null;
  let lastFailure: string | null = null;
  let unsavedSince: number | null = null;
  let metricsDue = clock.steady();
  let metricsError: string | null = null;
  let told: EventDraft[] = greet();

  const status = (): DaemonStatus => {
    const open = book.openAlerts();
    return composeStatus({
      state,
      startedAt,
      now: clock.now(),
      configFile: config.file,
      scan: { ...turns.counters, intervalMs: config.scan.interval, sweepMs: config.scan.sweep },
      inputs,
      maxRegistryAgeMs: config.registry.maxAge,
      audit: turns.latest()?.report ?? null,
      alerts: { open: open.length, bySeverity: countSeverities(open.map(({ severity }) => severity)) },
      kernelEvents: kernel?.state() ?? { mode: 'polling', detail: 'kernel events are switched off (scan.kernelEvents)', lost: 0 },
      lastReload,
      eventLog: log.status(),
      sinks: sinks.status(),
    });
  };
  const control = await openControl();

  return {
    async turn(kind) {
      if (kind === 'sweep') {
        evidence.renew();
        await renewInputs();
      }
      autoUpdate.start();
      const drafts = [...told, ...autoUpdate.take(), ...(kind === null ? turns.elapse() : await turns.take(kind))];
      told = [];
      lastFailure = null;
      if (state === 'starting') state = 'running';
      if (drafts.length > 0) await log.append(drafts);
      const now = clock.steady();
      if (drafts.length > 0 || kind === 'sweep') unsavedSince ??= now;
      if (unsavedSince !== null && now - unsavedSince >= SAVE_AFTER) await save();
      if (config.metrics.textfile !== null && now >= metricsDue) await writeMetrics(config.metrics.textfile);
    },
    noteFailure(error) {
      // Told once, however often it happens in a row.
      if (lastFailure !== error.message) logger.error('the sockets could not be read', { error: error.message, hint: error.hint });
      lastFailure = error.message;
    },
    async listen(ms, bell) {
      if (kernel === null || kernel.state().mode === 'polling') {
        await Promise.race([pause(ms), bell]);
        return false;
      }
      return turns.hear(await Promise.race([kernel.next(ms), bell.then(() => [])]));
    },
    nextDue: () => least([book.nextDue(), autoUpdate.nextDue(), unsavedSince === null ? null : unsavedSince + SAVE_AFTER, config.metrics.textfile === null ? null : metricsDue]),
    scan: () => config.scan,
    reload,
    statusLine: () => statusLine(turns.latest()?.report.summary ?? null),
    async close() {
      state = 'stopping';
      await log.append([...book.close(), draftOf('agent', 'info', 'portreeve stopped', { version: VERSION }, 'record')]);
      await Promise.all([save(), control?.close(), kernel?.close(), sinks.stop(DRAIN)]);
      unsubscribe();
      watcher.close();
      await log.close();
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

  /** Events that the saved state does not have yet: the daemon was killed before it was saved again. */
  async function replayEvents(): Promise<void> {
    let after = sequenceOf(saved);
    for (;;) {
      const events = await log.readAfter(after, REPLAY_BATCH);
      for (const event of events) book.replay(event);
      const last = events.at(-1);
      if (last === undefined) return;
      after = last.sequence;
    }
  }

  async function save(): Promise<void> {
    unsavedSince = null;
    await stateFile.save({ sequence: log.newest, alerts: book.save(), exceptions: use.save(), coverage: coverage.save() });
  }

  /** An update of the registry by hand, or a new day, on which exceptions end: no one needs to tell the daemon. */
  async function renewInputs(): Promise<void> {
    const isNewDay = localDate(clock.now()) !== inputs.day;
    const isNewRegistry = stampRegistry(choiceOf(config)) !== inputs.registryStamp;
    if (!isNewDay && !isNewRegistry) return;
    try {
      takeInputs(await openInputs(choiceOf(config)));
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      // A rule file that is being edited must not end the day's work; the old policy goes on, and the next sweep tries again.
      if (lastFailure !== error.message) logger.warning('policy or registry could not be read again: the old ones stay in force', { error: error.message, hint: error.hint });
      lastFailure = error.message;
    }
  }

  function takeInputs(next: Inputs): void {
    const { registry } = inputs;
    inputs = next;
    told.push(...turns.rejudge());
    if (registry.updated === next.registry.updated && registry.source === next.registry.source) return;
    logger.info('another registry is in force', { source: next.registry.source, updated: next.registry.updated });
    told.push(draftOf('registry', 'info', `the port registry in force is of ${next.registry.updated} now (before: ${registry.updated})`, { updated: next.registry.updated, before: registry.updated, source: next.registry.source }, 'record'));
  }

  /** Configuration, rules and registry anew, all or none. */
  async function reload(): Promise<void> {
    const at = clock.now().toISOString();
    try {
      const next = (await openConfig({ path: choice.config, underSystemd })).config;
      const nextInputs = await openInputs(choiceOf(next));
      const later = listFixed(config, next);
      const sinksChanged = JSON.stringify(next.sinks) !== JSON.stringify(config.sinks);
      config = next;
      setLogLevel(config.log.level);
      book.reconfigure(config.alerts);
      autoUpdate.reconfigure(config.registry);
      takeInputs(nextInputs);
      if (sinksChanged) {
        await sinks.stop(DRAIN);
        sinks = openSinks();
      } else sinks.reopen();
      lastReload = { at, ok: true, problems: later };
      for (const name of later) logger.warning('a changed setting takes effect after a restart', { setting: name });
      logger.info('configuration, rules and registry were taken anew', { rules: inputs.policy.rules.length, exceptions: inputs.policy.exceptions.length });
      told.push(draftOf('policy', 'info', `configuration, rules and registry were taken anew: ${inputs.policy.rules.length} rules, ${inputs.policy.exceptions.length} exceptions`, { rules: inputs.policy.rules.length, exceptions: inputs.policy.exceptions.length }, 'record'));
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      const problems = error.problems.length === 0 ? [error.message] : error.problems.map(({ position, message }) => `${position.file}:${position.line ?? 1}:${position.column ?? 1}: ${message}`);
      lastReload = { at, ok: false, problems };
      for (const problem of problems.slice(0, MOST_PROBLEMS)) logger.error('reload refused: the old configuration, rules and registry stay in force', { problem });
      told.push(draftOf('policy', 'error', `reload refused, the old policy stays in force: ${problems[0] ?? ''}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}`, { problems: problems.length, code: error.code }));
    }
  }

  async function openControl(): Promise<ControlServer | null> {
    if (config.control.socket === null) return null;
    try {
      return await openControlServer({
        path: config.control.socket,
        group: config.control.group,
        answers: {
          status,
          audit: () => turns.latest(),
          history: (query) => queryHistory(log, query),
          subscribe: (listener) => log.subscribe((events) => { events.forEach(listener); }),
        },
        logger,
        clock,
      });
    } catch (error) {
      if (!(error instanceof PortreeveError) || error.code === 'daemon-running') throw error;
      logger.error('nobody can ask this daemon: the control socket could not be made', { error: error.message, hint: error.hint });
      return null;
    }
  }

  async function writeMetrics(file: string): Promise<void> {
    metricsDue = clock.steady() + config.metrics.interval;
    try {
      await writeMetricsFile(file, renderMetrics(status(), turns.latest()?.report ?? null));
      metricsError = null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (metricsError !== message) logger.warning('the metrics could not be written', { file, error: message });
      metricsError = message;
    }
  }
}

/** Settings that are used only when the daemon starts. */
function listFixed(before: Config, after: Config): readonly string[] {
  const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
    ['scan.source', ({ scan }) => scan.source],
    ['scan.kernelEvents', ({ scan }) => scan.kernelEvents],
    ['state', ({ state }) => state],
    ['control', ({ control }) => control],
  ];
  return fixed.filter(([, read]) => JSON.stringify(read(before)) !== JSON.stringify(read(after))).map(([name]) => name);
}

/** The event up to which a saved state knows everything. */
function sequenceOf(saved: SavedState | null): number {
  const sequence = saved?.['sequence'];
  return typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence >= 0 ? sequence : 0;
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
