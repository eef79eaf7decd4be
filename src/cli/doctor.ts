import { Command, Option } from 'commander';
import { examineHost } from '../pass/doctor.ts';
import { renderDoctor, renderDoctorJson } from '../pass/doctor-reports.ts';
import { registryOption, stateDirOption, textOptions, type StateOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface DoctorOptions extends StateOptions {
  readonly format: 'table' | 'json';
  readonly config?: string;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
}

/** `portreeve doctor`. `finish` takes the exit code. */
export function doctorCommand(finish: (exitCode: number) => void): Command {
  return new Command('doctor')
    .description('what this host allows, what each lack costs, and the line that mends it')
    .addOption(new Option('--format <format>', 'form of the output').choices(['table', 'json']).default('table'))
    .option('--config <file>', 'configuration to look at (default: /etc/portreeve/portreeve.yaml)')
    .addOption(registryOption())
    .addOption(stateDirOption())
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', '\nExit codes: 0 a complete audit can be made here; 3 something that it needs is\nmissing; 2 usage.')
    .action(async (options: DoctorOptions) => {
      const { config, registry, rules, shippedRules: shipped, stateDir } = options;
      const report = await examineHost({ config: config ?? null, registry: registry ?? null, rules: rules ?? null, shipped, stateDir: stateDir ?? null, now: () => new Date() });
      finish(report.ready ? 0 : 3);
      await writeOutput(options.format === 'json' ? [renderDoctorJson(report)] : renderDoctor(report, textOptions('stdout', options)));
    });
}
