import { Command, Option } from 'commander';
import { compileRegistry, registryRows } from '../pass/registry.ts';
import { registryOption } from './options.ts';
import { writeOutput } from './output.ts';

/** `portreeve registry ...`. */
export function registryCommand(): Command {
  const registry = new Command('registry').description('the port registry');
  registry
    .command('export')
    .description("every port's status as data: port,protocol,status,range,service")
    .addOption(new Option('--format <format>', 'form of the output').choices(['csv', 'ndjson']).default('csv'))
    .addOption(registryOption())
    .action(async (options: { format: 'csv' | 'ndjson'; registry?: string }) => {
      writeOutput(await registryRows(options.registry ?? null, options.format));
    });
  registry
    .command('compile')
    .description('makes a snapshot, as embedded, from an official CSV; older CSVs give the former names')
    .argument('<csv>', 'newest official CSV')
    .argument('[older...]', 'older official CSVs')
    .option('--date <date>', 'day of the snapshot, YYYY-MM-DD (default: the newest date in the data)')
    .action(async (csv: string, older: string[], options: { date?: string }) => {
      writeOutput([await compileRegistry(csv, older, options.date ?? null)]);
    });
  return registry;
}
