import { Command, InvalidArgumentError, Option } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { explain, parsePortQuestion, type PortQuestion } from '../pass/explain.ts';
import { renderExplanation, renderExplanationJson } from '../pass/reports.ts';
import { openInputs, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface ExplainOptions extends InputOptions {
  readonly format?: 'text' | 'json';
  readonly color?: boolean;
}

/** `portreeve explain PORT[/PROTO]`. */
export function explainCommand(): Command {
  return withInputs(new Command('explain'))
    .description('what a port is, who listens on it here, and what to do')
    .argument('<port>', 'PORT or PORT/PROTO, such as 1302 or 1302/tcp', parseQuestion)
    .addOption(new Option('--format <format>', 'form of the output (default: text)').choices(['text', 'json']))
    .action(async (question: PortQuestion, options: ExplainOptions) => {
      const explanation = await explain(question, await openInputs(options));
      writeOutput(options.format === 'json' ? [renderExplanationJson(explanation)] : renderExplanation(explanation, textOptions(process.stdout, options)));
    });
}

function parseQuestion(text: string): PortQuestion {
  try {
    return parsePortQuestion(text);
  } catch (error) {
    if (error instanceof PortreeveError) throw new InvalidArgumentError(`${error.message}: ${error.hint ?? ''}`);
    throw error;
  }
}
