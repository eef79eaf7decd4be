/** A JSON Schema, or a part of one. */
type Schema = Readonly<Record<string, unknown>>;

/** What a schema may say without a consequence for the validity. */
const ANNOTATIONS = ['$schema', 'title', 'description', 'default', 'definitions'];

/**
 * Whether a value is valid by a schema of draft-07, for the keywords that the schemas use.
 * @throws Error for any other keyword, so that none is passed over in silence
 */
export function isValid(value: unknown, schema: Schema, root: Schema = schema): boolean {
  return Object.entries(schema).every(([keyword, argument]) => ANNOTATIONS.includes(keyword) || holds(value, keyword, argument, schema, root));
}

function holds(value: unknown, keyword: string, argument: unknown, schema: Schema, root: Schema): boolean {
  const validAs = (other: unknown, part: unknown): boolean => isValid(other, part as Schema, root);
  const text = typeof value === 'string' ? value : null;
  const number = typeof value === 'number' ? value : null;
  const list = Array.isArray(value) ? (value as readonly unknown[]) : null;
  const object = typeof value === 'object' && value !== null && list === null ? (value as Readonly<Record<string, unknown>>) : null;
  switch (keyword) {
    case '$ref':
      return validAs(value, String(argument).slice(2).split('/').reduce<unknown>((part, key) => (part as Schema)[key], root));
    case 'type':
      return [argument].flat().some((type) => (type === 'integer' ? Number.isInteger(value) : type === (list !== null ? 'array' : value === null ? 'null' : typeof value)));
    case 'const':
      return value === argument;
    case 'enum':
      return (argument as readonly unknown[]).includes(value);
    case 'pattern':
      return text === null || new RegExp(String(argument)).test(text);
    case 'minLength':
      return text === null || text.length >= Number(argument);
    case 'maxLength':
      return text === null || text.length <= Number(argument);
    case 'minimum':
      return number === null || number >= Number(argument);
    case 'maximum':
      return number === null || number <= Number(argument);
    case 'items':
      return list === null || list.every((item) => validAs(item, argument));
    case 'minItems':
      return list === null || list.length >= Number(argument);
    case 'maxItems':
      return list === null || list.length <= Number(argument);
    case 'properties':
      return object === null || Object.entries(argument as Schema).every(([key, part]) => !Object.hasOwn(object, key) || validAs(object[key], part));
    case 'required':
      return object === null || (argument as readonly string[]).every((key) => Object.hasOwn(object, key));
    case 'additionalProperties':
      if (argument !== false) throw new Error('additionalProperties: only false is known here');
      return object === null || Object.keys(object).every((key) => Object.hasOwn(schema['properties'] as Schema, key));
    case 'minProperties':
      return object === null || Object.keys(object).length >= Number(argument);
    case 'anyOf':
      return (argument as readonly unknown[]).some((part) => validAs(value, part));
    case 'not':
      return !validAs(value, argument);
    default:
      throw new Error(`the keyword ${keyword} is not known here`);
  }
}
