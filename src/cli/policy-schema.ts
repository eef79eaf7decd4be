import { Command } from 'commander';
import { policySchemaText } from '../pass/policy-schema.ts';
import { writeOutput } from './output.ts';

const HELP = `
Editors that know YAML complete and check a policy whose first line says where
the schema is:
  portreeve policy schema > policy.schema.json
  # yaml-language-server: $schema=./policy.schema.json`;

/** `portreeve policy schema`. */
export function policySchemaCommand(): Command {
  return new Command('schema')
    .description('the JSON Schema of a policy file, for editors')
    .addHelpText('after', HELP)
    .action(async () => {
      await writeOutput([policySchemaText()]);
    });
}
