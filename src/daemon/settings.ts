import type { Config } from '../model/config.ts';
import type { ReloadOutcome } from '../model/daemon.ts';
import { PortreeveError, type Problem } from '../model/errors.ts';
import type { EventDraft } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { within } from '../model/within.ts';
import { openConfig } from '../pass/config.ts';
import { localDate } from '../pass/policy.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { draftOf } from './draft.ts';
import { openInputs, stampRegistry, type InputChoice, type Inputs } from './inputs.ts';
import type { DaemonChoice, Surroundings } from './daemon.ts';

/** Configuration, policy and registry in force, and how they are replaced. */
export interface Settings {
  readonly config: Config;
  readonly inputs: Inputs;
  readonly stateDir: string;
  readonly lastReload: ReloadOutcome | null;
  /** Looks whether another registry was put in place, or a new day begun, on which exceptions end. Returns at once: a disk may hang. */
  renew(): void;
  /** Puts in force what `renew` has found since. What there is to tell of it; null where nothing is new. */
  takeRenewed(): readonly EventDraft[] | null;
  /** Takes all anew, or keeps all where anything is wrong. What there is to tell, and whether it went well. */
  reload(): Promise<{ readonly ok: boolean; readonly drafts: readonly EventDraft[] }>;
}

/** Of one reload that was refused; the status has all. */
const MOST_PROBLEMS = 20;
/** A disk that has not answered for so long is not waited for: who waits is the main loop. */
const STALL_MS = 5_000;

/**
 * Reads what the daemon works by.
 * @throws PortreeveError where anything is wrong
 */
export async function openSettings(choice: DaemonChoice, { clock, logger, underSystemd, setLogLevel }: Pick<Surroundings, 'clock' | 'logger' | 'underSystemd' | 'setLogLevel'>): Promise<Settings> {
  const { config: first, warnings } = await openConfig({ path: choice.config, underSystemd });
  let config = first;
  setLogLevel(config.log.level);
  const stateDir = chooseStateDir(choice.stateDir ?? config.state.dir);
  const choiceOf = (from: Config): InputChoice => ({ config: from, rules: choice.rules, registry: choice.registry, stateDir, now: () => clock.now() });
  let inputs = await openInputs(choiceOf(config));
  warn([...warnings, ...inputs.warnings]);
  let lastReload: ReloadOutcome | null = null;
  let lastRefusal: string | null = null;
  let renewing: Promise<void> | null = null;
  let renewed: Inputs | null = null;

  return {
    get config() {
      return config;
    },
    get inputs() {
      return inputs;
    },
    get lastReload() {
      return lastReload;
    },
    stateDir,
    renew() {
      renewing ??= readNew(inputs, config).finally(() => { renewing = null; });
    },
    takeRenewed() {
      if (renewed === null) return null;
      const before = inputs;
      inputs = renewed;
      renewed = null;
      return tellOfRegistry(before, inputs, logger);
    },
    async reload() {
      const at = clock.now().toISOString();
      try {
        const { config: next, warnings: odd } = await openConfig({ path: choice.config, underSystemd });
        if ((await within(stampRegistry(choiceOf(next)), STALL_MS)) === null) throw new PortreeveError('state-unwritable', `${stateDir}: the disk does not answer`);
        const before = inputs;
        inputs = await openInputs(choiceOf(next));
        renewed = null;
        warn([...odd, ...inputs.warnings]);
        const later = listFixed(config, next);
        config = next;
        setLogLevel(config.log.level);
        lastReload = { at, ok: true, problems: later.map((name) => `${name} takes effect after a restart`) };
        for (const name of later) logger.warning('a changed setting takes effect after a restart', { setting: name });
        const { rules, exceptions } = inputs.policy;
        logger.info('configuration, rules and registry were taken anew', { rules: rules.length, exceptions: exceptions.length });
        const told = draftOf('policy', 'info', `configuration, rules and registry were taken anew: ${rules.length} rules, ${exceptions.length} exceptions`, { rules: rules.length, exceptions: exceptions.length }, 'record');
        return { ok: true, drafts: [told, ...tellOfRegistry(before, inputs, logger)] };
      } catch (error) {
        if (!(error instanceof PortreeveError)) throw error;
        const problems = describeProblems(error);
        lastReload = { at, ok: false, problems };
        for (const problem of problems.slice(0, MOST_PROBLEMS)) logger.error('reload refused: the old configuration, rules and registry stay in force', { problem });
        const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
        return { ok: false, drafts: [draftOf('policy', 'error', `reload refused, the old policy stays in force: ${problems[0] ?? ''}${more}`, { problems: problems.length, code: error.code })] };
      }
    },
  };

  async function readNew(before: Inputs, from: Config): Promise<void> {
    try {
      if (localDate(clock.now()) === before.day && (await stampRegistry(choiceOf(from))) === before.registryStamp) return;
      const read = await openInputs(choiceOf(from));
      lastRefusal = null;
      // A reload meanwhile has read them too.
      if (inputs === before) renewed = read;
    } catch (error) {
      // A rule file that is being edited must not end the day's work: the old policy goes on, and each sweep tries again.
      const { message, hint } = error instanceof PortreeveError ? error : { message: String(error), hint: null };
      if (lastRefusal !== message) logger.warning('policy or registry could not be read again: the old ones stay in force', { error: message, hint });
      lastRefusal = message;
    }
  }

  function warn(problems: readonly Problem[]): void {
    for (const { message, position } of problems) logger.warning('configuration, policy or registry are odd', { file: position.file, line: position.line, problem: message });
  }
}

function tellOfRegistry({ registry: before }: Inputs, { registry: after }: Inputs, logger: Logger): readonly EventDraft[] {
  if (before.updated === after.updated && before.source === after.source) return [];
  const { source, updated } = after;
  logger.info('another registry is in force', { source, updated });
  return [draftOf('registry', 'info', `the port registry in force is of ${updated} now (before: ${before.updated})`, { updated, before: before.updated, source }, 'record')];
}

/** `file:line:column: what` for each thing that is wrong. */
function describeProblems({ problems, message }: PortreeveError): readonly string[] {
  return problems.length === 0 ? [message] : problems.map(({ position: { file, line, column }, message: text }) => `${file}:${line ?? 1}:${column ?? 1}: ${text}`);
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
