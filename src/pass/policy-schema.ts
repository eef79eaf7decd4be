import { policySchema } from '../policy/policy-schema.ts';

/** The JSON Schema of a policy file as text, the same that the package ships as `dist/policy.schema.json`. */
export function policySchemaText(): string {
  return `${JSON.stringify(policySchema(), null, 2)}\n`;
}
