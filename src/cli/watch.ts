import { Command, Option } from 'commander';
import { EVENT_KINDS, type EventKind } from '../model/event.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { renderEvent, renderEventJson } from '../pass/daemon-reports.ts';
import { watchDaemon } from '../pass/watch-daemon.ts';
import { chooseSocket, configOption, socketOption, textOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface WatchOptions {
  readonly format: 'table' | 'ndjson';
  readonly kind?: readonly EventKind[];
  readonly severity?: Severity;
  readonly retry?: true;
  readonly config?: string;
  readonly socket?: string;
  readonly color?: boolean;
}

/** `portreeve watch`. Ends by a signal, with its reader, or with the daemon. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('openings, closings and alerts as they happen')
    .addOption(new Option('--format <format>', 'form of the output: a line each').choices(['table', 'ndjson']).default('table'))
    .addOption(new Option('--kind <kinds...>', 'only events of these kinds (default: all)').choices(EVENT_KINDS))
    .addOption(new Option('--severity <severity>', 'only events of this severity or above').choices(SEVERITIES))
    .option('--retry', 'wait for the daemon where it does not run, and again when it goes')
    .addOption(configOption())
    .addOption(socketOption())
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', '\nExit codes: 3 the daemon cannot be reached, or went; 130 interrupted.\nWhat happened before: portreeve history.')
    .action(async ({ format, kind, severity, retry, ...options }: WatchOptions) => {
      const text = textOptions('stdout', options);
      let wasGone = false;
      for await (const watched of watchDaemon({ socket: await chooseSocket(options), kinds: kind ?? null, minSeverity: severity ?? null, retry: retry === true })) {
        switch (watched.kind) {
          case 'event':
            await writeOutput([format === 'ndjson' ? renderEventJson(watched.event) : renderEvent(watched.event, text)]);
            break;
          case 'missed':
            tell(`portreeve: ${watched.count} events were passed over: they came faster than this output takes them; portreeve history has them\n`);
            break;
          case 'gone':
            wasGone = true;
            tell(`portreeve: ${cleanText(watched.reason, { again: true })}; waiting for it\n`);
            break;
          case 'watching':
            if (wasGone) tell('portreeve: the daemon is back; portreeve history has what happened meanwhile\n');
            break;
        }
      }
    });
}
