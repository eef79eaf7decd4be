import { Command, Option } from 'commander';
import { explain } from '../pass/explain.ts';
import { renderExplanation, renderExplanationJson } from '../pass/reports.ts';
import { openInputs, settleOptions, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface ExplainOptions extends InputOptions {
  readonly format?: 'text' | 'json';
  readonly verbose?: true;
  readonly color?: boolean;
}

/** `portreeve explain PORT | FROM-TO | SERVICE`, each with or without `/PROTO`. */
export function explainCommand(): Command {
  return withInputs(new Command('explain'))
    .description('what a port is, who listens on it here, which rules decide, and what to do')
    .argument('<port>', 'a port (1302), a range (8000-8100) or a service name (postgresql), with /tcp, /udp, /sctp or /dccp for one protocol')
    .addOption(new Option('--format <format>', 'form of the output (default: text)').choices(['text', 'json']))
    .option('--verbose', 'every rule that was tried, with the first condition that failed; every name in a range')
    .action(async (asked: string, given: ExplainOptions) => {
      const options = await settleOptions(given);
      const explanation = await explain(asked, await openInputs(options));
      const layout = { ...textOptions('stdout', options), verbose: options.verbose === true };
      await writeOutput(options.format === 'json' ? [renderExplanationJson(explanation)] : renderExplanation(explanation, layout));
    });
}
