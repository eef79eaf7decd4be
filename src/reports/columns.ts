import { displayWidth } from '../model/untrusted-text.ts';

/** A column of a text table. Cells are cleaned text. */
export interface TextColumn<Row> {
  readonly title: string;
  /** With less than this the column is of no use. */
  readonly least: number;
  /** What it should have before a column of lower rank gets anything. */
  readonly good: number;
  /** The lowest rank goes first where the line is too narrow. */
  readonly rank: number;
  /** Which side of a cell that is too long stays. */
  readonly keep?: 'start' | 'end';
  cell(row: Row): string;
}

export interface FittedColumn<Row> {
  readonly column: TextColumn<Row>;
  readonly width: number;
}

/** Blanks between two columns. */
export const GUTTER = 2;

/**
 * Chooses the columns that fit into so many terminal columns, and their widths, in the order given. By rank: a column
 * comes in as long as every column before it keeps its good width, or at its least width where even those must shrink;
 * the highest always comes in. What is left over goes to the narrowest first, up to the widest cell. A column without
 * a cell that says something is left out.
 */
export function fitColumns<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[], available: number, required: number): FittedColumn<Row>[] {
  const measured = columns
    .map((column) => ({ column, wanted: widestCell(column, rows), width: 0 }))
    .filter(({ column, wanted }) => column.rank >= required || wanted > displayWidth('-'));
  const byRank = [...measured].sort((one, other) => other.column.rank - one.column.rank);

  const taken: typeof measured = [];
  const room = (): number => available - taken.reduce((sum, { width }) => sum + width, 0) - GUTTER * Math.max(taken.length - 1, 0);
  const add = (entry: (typeof measured)[number]): boolean => {
    const least = Math.min(titled(entry), entry.column.least);
    if (taken.length > 0 && room() - GUTTER < least) return false;
    entry.width = taken.length === 0 ? Math.min(least, available) : least;
    taken.push(entry);
    return true;
  };

  for (const entry of byRank.filter(({ column }) => column.rank >= required)) if (!add(entry)) break;
  grow(taken, room(), (entry) => Math.min(titled(entry), entry.column.good));
  for (const entry of byRank.filter(({ column }) => column.rank < required)) {
    if (add(entry)) grow(taken, room(), (other) => Math.min(titled(other), other.column.good));
  }
  grow(taken, room(), titled);
  return measured.filter((entry) => taken.includes(entry));
}

interface Measured {
  readonly column: TextColumn<never>;
  readonly wanted: number;
  width: number;
}

function titled({ column, wanted }: Measured): number {
  return Math.max(wanted, column.title.length);
}

/** Gives one terminal column after the other to the narrowest that wants more. */
function grow<Entry extends Measured>(entries: readonly Entry[], room: number, wish: (entry: Entry) => number): void {
  for (; room > 0; room--) {
    let narrowest: Entry | null = null;
    for (const entry of entries) {
      if (entry.width < wish(entry) && (narrowest === null || entry.width < narrowest.width)) narrowest = entry;
    }
    if (narrowest === null) return;
    narrowest.width++;
  }
}

function widestCell<Row>(column: TextColumn<Row>, rows: readonly Row[]): number {
  return rows.reduce((widest, row) => Math.max(widest, displayWidth(column.cell(row))), 0);
}
