import { parseIpAddress, type IpAddress } from '../model/ip-address.ts';
import { quote, type PlacedScalar } from '../yaml/placed-node.ts';
import * as plain from '../yaml/scalar-kinds.ts';
import { checkInteger, checkText, DECIMAL, fault, mismatch, type ScalarFault, type ScalarKind } from '../yaml/scalar-kinds.ts';
import { compileAddressPatterns, parseAddressPattern } from './address-pattern.ts';
import { checkGlob, compileGlobs, LONGEST_PATTERN } from './glob.ts';
import type { PolicyProblemCode } from './problem-codes.ts';

export type FieldValue = string | number | boolean;

/** A checked value, perhaps with a warning; or what is wrong with it. */
export type CheckedValue = { readonly value: FieldValue; readonly warning?: ScalarFault & { readonly code: PolicyProblemCode } } | { readonly fault: ScalarFault };

/**
 * A kind of value that a field of `match` takes. One definition serves the validation, the compilation and the schema.
 * `Fact` is what the listener has to offer for comparison.
 */
export interface ValueKind<Fact> extends Pick<ScalarKind<FieldValue>, 'expected' | 'schema'> {
  /** Whether a list of values (any of them) makes sense. */
  readonly takesList: boolean;
  check(scalar: PlacedScalar): CheckedValue;
  /** The values have passed `check`. */
  compile(values: readonly FieldValue[]): (fact: Fact) => boolean;
}

const HIGHEST_PORT = 65535;
/** TASK_COMM_LEN of the kernel less the final zero (proc_pid_comm(5)). */
const LONGEST_KERNEL_NAME = 15;

/** A plain kind of value, of which any that is listed has to be the fact. */
function equalTo<Value extends FieldValue>(kind: ScalarKind<Value>, takesList = true): ValueKind<Value> {
  return {
    ...kind,
    takesList,
    compile(values) {
      const wanted = new Set<FieldValue>(values);
      return (fact) => wanted.has(fact);
    },
  };
}

/** One of a closed set of words. */
export function choiceOf(words: readonly string[]): ValueKind<string> {
  return equalTo(plain.choice(words));
}

export const flag: ValueKind<boolean> = equalTo(plain.flag, false);

/** A decimal integer. */
export function integerIn(minimum: number, maximum: number): ValueKind<number> {
  return equalTo(plain.integerIn(minimum, maximum));
}

/** Text that must be equal. */
export function text(numberHint: string | null = null): ValueKind<string> {
  return equalTo(plain.text(numberHint));
}

/** A registered service name; names are equal whatever their case (RFC 6335, section 5.1). The fact: all names of the port. */
export const serviceName: ValueKind<readonly string[]> = {
  expected: 'a service name',
  schema: { type: 'string', minLength: 1 },
  takesList: true,
  check: (scalar) => checkText(scalar, 'a service name', 'use port: for a number'),
  compile(values) {
    const wanted = new Set(values.map((value) => String(value).toLowerCase()));
    return (names) => names.some((name) => wanted.has(name.toLowerCase()));
  },
};

function globKind(expected: string, checkPattern: (pattern: string) => CheckedValue, form: Readonly<Record<string, unknown>> = {}): ValueKind<string> {
  return {
    expected,
    schema: { type: 'string', minLength: 1, maxLength: LONGEST_PATTERN, ...form },
    takesList: true,
    check(scalar) {
      const checked = checkText(scalar, expected);
      if ('fault' in checked) return checked;
      const wrong = checkGlob(checked.value);
      return wrong === null ? checkPattern(checked.value) : fault(`${quote(checked.value)} is not a pattern: ${wrong}`, 'A backslash takes away the special meaning of * ? [ {.');
    },
    compile: (values) => compileGlobs(values.map(String)),
  };
}

/** A pattern for the name of a package; `none` for no package. */
export const packageGlob = globKind('none, or a package name or a pattern like python3*', (value) => ({ value }));

/** A pattern for a name. */
export const glob = globKind('a name or a pattern like nginx*', (value) => ({ value }));

const ABSOLUTE = /^(?:\/|\*\*|\{)/;

function pathKind(ofWhat: string): ValueKind<string> {
  return globKind(
    `the path of ${ofWhat}, or a pattern like /opt/**`,
    (value) =>
      ABSOLUTE.test(value)
        ? { value }
        : fault(`${quote(value)} is not an absolute path, so it never matches`, `Write **/${value.replace(/^(?:\.{1,2}\/|\*+\/?)+/, '')} for that name in any folder.`),
    { pattern: ABSOLUTE.source },
  );
}

/** A pattern for the path of an executable. */
export const pathGlob = pathKind('an executable');

/** A pattern for the path of a script. */
export const scriptGlob = pathKind('a script');

/** A pattern for the kernel's name of a process. */
export const processGlob = globKind('a process name or a pattern like kworker*', (value) => {
  const isTooLong = !/[*?[{\\]/.test(value) && Buffer.byteLength(value) > LONGEST_KERNEL_NAME;
  if (!isTooLong) return { value };
  return {
    value,
    warning: {
      code: 'process-name-too-long',
      message: `Linux keeps ${LONGEST_KERNEL_NAME} bytes of a process's name, so ${quote(value)} never matches there`,
      hint: `Write ${value.slice(0, LONGEST_KERNEL_NAME)}, or better exe: with the path, which a process cannot choose.`,
    },
  };
});

const PORT_EXPECTED = `a port from 0 to ${HIGHEST_PORT}, a range like 8000-8100, or a service name`;
const SPAN = /^(0|[1-9][0-9]{0,4})-(0|[1-9][0-9]{0,4})$/;
/**
 * A name of RFC 6335, section 5.1, that cannot be taken for a number (0b11 is text to YAML 1.2) or, as YAML 1.1 read it, for
 * a truth value. The few others go under `service`.
 */
const PORT_NAME = /^(?!(?:[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$)[A-Za-z](?:-?[A-Za-z0-9]){1,14}$/;

/** A port number, a range of them with both ends included, or the name of a service; names are for `isPortName` to tell, and no part of `compile`. */
export const port: ValueKind<number> = {
  expected: PORT_EXPECTED,
  schema: { anyOf: [{ type: 'integer', minimum: 0, maximum: HIGHEST_PORT }, { type: 'string', pattern: `${SPAN.source}|${PORT_NAME.source}` }] },
  takesList: true,
  check(scalar) {
    const { value } = scalar;
    if (typeof value !== 'string' || DECIMAL.test(value)) return checkInteger(scalar, PORT_EXPECTED, 0, HIGHEST_PORT);
    if (isPortName(value)) return { value };
    const span = parseSpan(value);
    if (span !== null) {
      const [from, to] = span;
      if (from > to) return fault(`the range ${value} is the wrong way round`, `Write ${to}-${from}.`);
      return to > HIGHEST_PORT ? fault(`the range ${value} goes beyond port ${HIGHEST_PORT}`) : { value };
    }
    const looksLikeRange = /^[0-9]+\s*(?:[-:,]|\.\.|to)\s*[0-9]+$/.test(value);
    return mismatch(PORT_EXPECTED, scalar, looksLikeRange ? 'A range is written 8000-8100, several ports [8000, 8001].' : null);
  },
  compile(values) {
    const single = new Set<FieldValue>(values);
    const spans = values.filter((value) => typeof value === 'string').map((span) => span.split('-').map(Number));
    return (fact) => single.has(fact) || spans.some(([from = 1, to = 0]) => fact >= from && fact <= to);
  },
};

export function isPortName(value: FieldValue): boolean {
  return typeof value === 'string' && PORT_NAME.test(value);
}

function parseSpan(value: string): [from: number, to: number] | null {
  const match = SPAN.exec(value);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

/** An IP address or a network. */
export const address: ValueKind<IpAddress> = {
  expected: 'an IP address or a network like 10.0.0.0/8',
  schema: { type: 'string', pattern: '^(?:[0-9.]+|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(?:/[1-9][0-9]{0,2})?$' },
  takesList: true,
  check(scalar) {
    const checked = checkText(scalar, address.expected);
    if ('fault' in checked) return checked;
    const pattern = parseAddressPattern(checked.value);
    return 'message' in pattern ? fault(`${quote(checked.value)}: ${pattern.message}`, pattern.hint) : checked;
  },
  compile(values) {
    return compileAddressPatterns(
      values.flatMap((value) => {
        const pattern = parseAddressPattern(String(value));
        return 'message' in pattern ? [] : [pattern];
      }),
    );
  },
};

let lastAddress: { readonly text: string; readonly parsed: IpAddress | null } = { text: '', parsed: null };

/** Rules are tried one after the other on the same listener: its address is read once. */
export function readAddressFact(text: string): IpAddress | null {
  if (lastAddress.text !== text) lastAddress = { text, parsed: parseIpAddress(text) };
  return lastAddress.parsed;
}
