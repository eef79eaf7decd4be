import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { EVENT_KINDS, type EventKind } from '../model/event.ts';
import type { LogFields } from '../model/logger.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { askForHistory } from '../pass/history-daemon.ts';
import { readMoment, readPlace } from '../pass/history-question.ts';
import { renderHistory } from '../pass/history-reports.ts';
import { readHistory } from '../pass/history.ts';
import { REPORT_FORMATS, type ReportFormat } from '../pass/reports.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { CONTROL_SOCKET, configOption, readConfig, socketOption, stateDirOption, textOptions, type ConfigOptions, type StateOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface HistoryOptions extends StateOptions, ConfigOptions {
  readonly since?: string;
  readonly until?: string;
  readonly kind?: readonly EventKind[];
  readonly severity?: Severity;
  readonly owner?: string;
  readonly limit: number;
  readonly format: ReportFormat;
  readonly socket?: string;
}

/** They are in memory at once, a few kilobytes each. */
const MOST_EVENTS = 10_000;

const HELP = `
Times are in UTC. The event log of the state directory is read as it is, with or
without a daemon that writes it; who may not read it, or has none, asks the
daemon.

Exit codes: 0, also where nothing fits; 2 usage; 3 it cannot be read.`;

/** `portreeve history`. */
export function historyCommand(): Command {
  return new Command('history')
    .description('when a listener came, who held it, and what was alerted')
    .addArgument(new Argument('[port]', 'only this port (1302), or this port and protocol (1302/tcp)'))
    .option('--since <time>', 'only what happened then or later: 12h, 7d, 2026-11-20, 2026-11-20T06:12')
    .option('--until <time>', 'only what happened then or before')
    .addOption(new Option('--kind <kinds...>', 'only events of these kinds').choices(EVENT_KINDS))
    .addOption(new Option('--severity <severity>', 'only events of this severity or above').choices(SEVERITIES))
    .option('--owner <text>', "only where this is a part of an owner's executable, name, user or unit")
    .addOption(new Option('--limit <n>', 'the newest so many').argParser(readLimit).default(100))
    .addOption(new Option('--format <format>', 'form of the output').choices(REPORT_FORMATS).default('table'))
    .addOption(stateDirOption())
    .addOption(configOption())
    .addOption(socketOption())
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', HELP)
    .action(async (asked: string | undefined, { since, until, kind, severity, owner, limit, format, ...options }: HistoryOptions) => {
      const now = new Date();
      const { state, control } = await readConfig(options);
      const history = await readHistory(
        {
          ...(asked === undefined ? { port: null, protocol: null } : readPlace(asked)),
          owner: owner ?? null,
          kinds: kind ?? null,
          minSeverity: severity ?? null,
          since: since === undefined ? null : readMoment(since, now),
          until: until === undefined ? null : readMoment(until, now),
          limit,
        },
        { stateDir: chooseStateDir(options.stateDir ?? state.dir), daemon: askForHistory(options.socket ?? control.socket ?? CONTROL_SOCKET), logger: { debug: quiet, info: quiet, warning: warn, error: warn } },
      );
      await writeOutput(renderHistory(history, format, textOptions('stdout', options)));
    });
}

function quiet(): void {
  // What is no fault of the log is nobody's concern here.
}

function warn(message: string, fields: LogFields = {}): void {
  const details = Object.entries(fields).map(([name, value]) => `${name} ${cleanText(String(value))}`);
  tell(`portreeve: ${[message, ...details].join(', ')}\n`);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,5}$/.test(text) || limit < 1 || limit > MOST_EVENTS) throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_EVENTS}.`);
  return limit;
}
