import { nearestWord } from '../model/spelling.ts';
import { describeNode, quote, shorten, type PlacedScalar } from './placed-node.ts';

/** A JSON Schema, draft-07: what editors' YAML support reads. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ScalarFault {
  readonly message: string;
  readonly hint: string | null;
}

/** A checked value, or what is wrong with it. */
export type CheckedScalar<Value> = { readonly value: Value } | { readonly fault: ScalarFault };

/** A kind of plain value. One definition serves the validation and the schema. */
export interface ScalarKind<Value> {
  /** For messages: `true or false`. */
  readonly expected: string;
  /** JSON Schema of one value. */
  readonly schema: JsonSchema;
  /** `expected`: what to say instead, where more than this kind is taken. */
  check(scalar: PlacedScalar, expected?: string): CheckedScalar<Value>;
}

export const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

export function fault(message: string, hint: string | null = null): { fault: ScalarFault } {
  return { fault: { message, hint } };
}

export function mismatch(expected: string, scalar: PlacedScalar, hint: string | null = null): { fault: ScalarFault } {
  return fault(`expected ${expected}, found ${describeNode(scalar)}`, hint);
}

/** One of a closed set of words. */
export function choice<const Word extends string>(words: readonly Word[]): ScalarKind<Word> {
  const usual = `one of ${words.join(', ')}`;
  return {
    expected: usual,
    schema: { enum: words },
    check(scalar, expected = usual) {
      const found = words.find((word) => word === scalar.value);
      if (found !== undefined) return { value: found };
      const meant = nearestWord(scalar.source, words);
      return mismatch(expected, scalar, meant === null ? null : `Did you mean ${meant}?`);
    },
  };
}

export const flag: ScalarKind<boolean> = {
  expected: 'true or false',
  schema: { type: 'boolean' },
  check(scalar, expected = 'true or false') {
    if (typeof scalar.value === 'boolean') return { value: scalar.value };
    const isOldBoolean = /^(?:y|n|yes|no|on|off)$/i.test(scalar.source);
    return mismatch(expected, scalar, isOldBoolean ? 'YAML 1.2 reads this word as text: write true or false.' : null);
  },
};

export function integerIn(minimum: number, maximum: number): ScalarKind<number> {
  const usual = `a number from ${minimum} to ${maximum}`;
  return {
    expected: usual,
    schema: { type: 'integer', minimum, maximum },
    check: (scalar, expected = usual) => checkInteger(scalar, expected, minimum, maximum),
  };
}

/** A decimal integer. Spellings that other YAML readers take for octal, hexadecimal or base 60 are refused. */
export function checkInteger(scalar: PlacedScalar, expected: string, minimum: number, maximum: number): CheckedScalar<number> {
  const { value, source } = scalar;
  if (typeof value === 'string' && DECIMAL.test(value)) return mismatch(expected, scalar, `Write ${shorten(value)} without quotes.`);
  if (typeof value !== 'number') return mismatch(expected, scalar);
  if (/^[-+]?0[0-9]/.test(source)) {
    return fault(`${quote(source)} is ambiguous: with a leading zero it is octal to some readers`, 'Write it in decimal, without leading zeros.');
  }
  if (value < minimum || value > maximum || !Number.isInteger(value)) return mismatch(expected, scalar);
  if (!DECIMAL.test(source)) return fault(`expected a plain decimal number, found ${quote(source)}`, `Write ${value}.`);
  return { value };
}

/** Text as it stands. `numberHint` tells what else a person may have meant by a bare number. */
export function text(numberHint: string | null = null): ScalarKind<string> {
  return { expected: 'text', schema: { type: 'string', minLength: 1 }, check: (scalar, expected = 'text') => checkText(scalar, expected, numberHint) };
}

export function checkText(scalar: PlacedScalar, expected: string, numberHint: string | null = null): CheckedScalar<string> {
  if (typeof scalar.value === 'string') {
    return scalar.value === '' ? fault(`expected ${expected}, found empty text`) : { value: scalar.value };
  }
  if (scalar.value === null) return mismatch(expected, scalar);
  return mismatch(expected, scalar, `Write ${quote(scalar.source)} in quotes${numberHint === null ? '' : `, or ${numberHint}`}.`);
}
