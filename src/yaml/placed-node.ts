/** Where in a file, both counted from 1. */
export type Place = readonly [line: number, column: number];

/** A plain value with the place it was written at. */
export interface PlacedScalar {
  readonly kind: 'scalar';
  readonly at: Place;
  /** As YAML 1.2's core schema reads it. */
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `0177` where the value is 177. */
  readonly source: string;
}

export interface PlacedSequence {
  readonly kind: 'sequence';
  readonly at: Place;
  readonly items: readonly PlacedNode[];
}

export interface PlacedEntry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: PlacedNode;
}

/** Keys are unique; a list rather than an object, so that no key (`__proto__`) means anything. */
export interface PlacedMapping {
  readonly kind: 'mapping';
  readonly at: Place;
  readonly entries: readonly PlacedEntry[];
}

/** What a YAML file says, with the place of every piece, free of aliases (what they stood for is shared). */
export type PlacedNode = PlacedScalar | PlacedSequence | PlacedMapping;

const LONGEST_QUOTE = 40;

/** What was found, for a message: `the number 1000`, `a list`, `nothing`. */
export function describeNode(node: PlacedNode): string {
  if (node.kind === 'mapping') return 'a mapping';
  if (node.kind === 'sequence') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return `the text ${quote(node.value)}`;
  return typeof node.value === 'number' ? `the number ${shorten(node.source)}` : node.source;
}

/** Text of the file in a message, at a length that leaves the message readable. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text));
}

/** Likewise, without quotes. */
export function shorten(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}
