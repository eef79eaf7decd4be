/**
 * Reads plain data (parsed JSON) of unknown origin, value by value: each reader gives a value of its type or notes where
 * another was expected, and then gives a stand-in so that reading goes on and all that is wrong is told at once.
 */
export interface DataReader {
  /** What is wrong, as `listeners[3].port: expected ..., found ...`; a few tell enough. */
  readonly faults: readonly string[];
  /** A part of a value. A key that is missing is read as null. */
  at(key: string): DataReader;
  /** Whether an object has a key, whatever its value; for a key that may be missing. */
  has(key: string): boolean;
  /** The keys and values of an object that can have any keys. */
  entries(): readonly (readonly [string, DataReader])[];
  items(): readonly DataReader[];
  text(): string;
  textOrNull(): string | null;
  /** A whole number in a range, both ends included. */
  integer(least: number, most: number): number;
  integerOrNull(least: number, most: number): number | null;
  /** Any finite number. */
  number(): number;
  /** A number that is neither negative nor infinite (1e999 reads as that): an age, a duration. */
  amount(): number;
  amountOrNull(): number | null;
  flag(): boolean;
  flagOrNull(): boolean | null;
  oneOf<Word extends string>(words: readonly [Word, ...Word[]]): Word;
  /** Text, a number, true, false or null. */
  scalar(): string | number | boolean | null;
  isNull(): boolean;
}

const MOST_FAULTS = 10;

export function createDataReader(value: unknown, path = '', faults: string[] = []): DataReader {
  const refuse = <Value>(expected: string, standIn: Value): Value => {
    const fault = `${path === '' ? 'the whole' : path}: expected ${expected}, found ${nameType(value)}`;
    if (faults.length < MOST_FAULTS && !faults.includes(fault)) faults.push(fault);
    return standIn;
  };
  const isInteger = (least: number, most: number): boolean => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const isAmount = typeof value === 'number' && Number.isFinite(value) && value >= 0;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return {
    faults,
    has: (key) => isObject && Object.hasOwn(value, key),
    entries() {
      if (!isObject) return refuse('an object', []);
      return Object.entries(value).map(([key, part]) => [key, createDataReader(part, `${path}.*`, faults)]);
    },
    at(key) {
      if (!isObject) refuse('an object', null);
      // Own keys only: `__proto__` and `constructor` of a parsed object are data like any other.
      const part: unknown = isObject && Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : null;
      return createDataReader(part, path === '' ? key : `${path}.${key}`, isObject ? faults : []);
    },
    items() {
      if (!Array.isArray(value)) return refuse('a list', []);
      return value.map((item, index) => createDataReader(item, `${path}[${index}]`, faults));
    },
    text: () => (typeof value === 'string' ? value : refuse('text', '')),
    textOrNull: () => (value === null || typeof value === 'string' ? value : refuse('text or null', null)),
    integer: (least, most) => (isInteger(least, most) ? (value as number) : refuse(`a whole number from ${least} to ${most}`, least)),
    integerOrNull: (least, most) => (value === null || isInteger(least, most) ? (value as number | null) : refuse(`a whole number from ${least} to ${most}, or null`, null)),
    amount: () => (isAmount ? value : refuse('a number from 0', 0)),
    amountOrNull: () => (value === null || isAmount ? value : refuse('a number from 0, or null', null)),
    number: () => (Number.isFinite(value) ? (value as number) : refuse('a number', 0)),
    flag: () => (typeof value === 'boolean' ? value : refuse('true or false', false)),
    flagOrNull: () => (value === null || typeof value === 'boolean' ? value : refuse('true, false or null', null)),
    oneOf<Word extends string>(words: readonly [Word, ...Word[]]): Word {
      return words.find((word) => word === value) ?? refuse(`one of ${words.join(', ')}`, words[0]);
    },
    scalar: () => (value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value) ? (value as string | number | boolean | null) : refuse('text, a number, true, false or null', null)),
    isNull: () => value === null,
  };
}

function nameType(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return 'an object';
}
