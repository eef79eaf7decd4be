import { configSchema } from '../config/config-schema.ts';

/** The JSON Schema of `portreeve.yaml` as text, the same that the package ships as `dist/config.schema.json`. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}
