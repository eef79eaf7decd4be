import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readPolicyDocuments } from '../pass/policy.ts';
import { renderSuggestion, renderSuggestionJson } from '../pass/reports.ts';
import { suggest } from '../pass/suggest.ts';
import { openInputs, settleOptions, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface SuggestOptions extends InputOptions {
  readonly count: number;
  readonly private?: true;
  readonly proto?: 'tcp' | 'udp';
  readonly near?: number;
  readonly seed?: string;
  readonly format?: 'text' | 'json';
  readonly color?: boolean;
}

/** More is a plan for a network, not for a host. */
const MOST_PORTS = 100;

/** `portreeve suggest`. */
export function suggestCommand(): Command {
  return withInputs(new Command('suggest'))
    .description('a port for a new service, and why that one')
    .addOption(new Option('--count <n>', 'how many ports').argParser(numberFrom(1, MOST_PORTS)).default(1))
    .option('--private', 'from the dynamic range, which IANA never assigns, and how to reserve it here')
    .addOption(new Option('--proto <protocol>', 'free on this protocol (default: on both)').choices(['tcp', 'udp']))
    .addOption(new Option('--near <port>', 'as close to this port as can be').argParser(numberFrom(0, 65_535)))
    .option('--seed <text>', "what decides between ports that are equally good: a service's name gives the same on every host (default: this host's name)")
    .addOption(new Option('--format <format>', 'form of the output (default: text)').choices(['text', 'json']))
    .action(async (given: SuggestOptions) => {
      const options = await settleOptions(given);
      const [{ source, owners, registry }, { documents }] = await Promise.all([openInputs(options), readPolicyDocuments({ paths: options.rules ?? null, shipped: true })]);
      const request = {
        count: options.count,
        private: options.private === true,
        protocols: options.proto === undefined ? (['tcp', 'udp'] as const) : [options.proto],
        near: options.near ?? null,
        seed: options.seed ?? hostname(),
      };
      const suggestion = await suggest(request, { source, owners, registry, documents });
      await writeOutput(options.format === 'json' ? [renderSuggestionJson(suggestion)] : renderSuggestion(suggestion, textOptions('stdout', options)));
    });
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,5}$/.test(text) || number < least || number > most) throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return number;
  };
}
