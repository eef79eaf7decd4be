/** How text is laid out for people. Handed in, so that a report is a pure function of what it is given. */
export interface TextOptions {
  /** Width to keep to, in terminal columns. */
  readonly columns: number;
  /** Whether ANSI colours may be used. They never carry a meaning that the words do not. */
  readonly colour: boolean;
  /** Only ASCII may be printed: the locale is not known to be UTF-8. */
  readonly ascii: boolean;
}

/**
 * Width where there is no terminal to ask. A pipe ends in a pager, a mail or a ticket; 100 fits all of them on today's
 * screens and still leaves room for owner, user and registry status. COLUMNS overrides it; who wants everything
 * takes csv or json.
 */
export const PIPED_COLUMNS = 100;

/** Below this a port, an address and an owner no longer fit on a line: lines are laid out for it even on less. */
export const LEAST_COLUMNS = 30;

/** Beyond this the eye loses the line, and a hostile COLUMNS would cost memory. */
const MOST_COLUMNS = 500;

export interface Surroundings {
  readonly isTerminal: boolean;
  /** Width of the terminal as the runtime reports it. */
  readonly columns: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--no-color` was given. */
  readonly noColour: boolean;
}

/**
 * Decides width, colours and character set. NO_COLOR counts when it is set to anything but the empty string
 * (no-color.org); TERM=dumb has no colours; the locale is the first of LC_ALL, LC_CTYPE and LANG that is not empty
 * (POSIX.1-2017, section 8.2).
 */
export function chooseTextOptions({ isTerminal, columns, environment, noColour }: Surroundings): TextOptions {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(isFilled) ?? '';
  return {
    columns: chooseColumns(isTerminal, columns, environment['COLUMNS']),
    colour: isTerminal && !noColour && !isFilled(environment['NO_COLOR']) && environment['TERM'] !== 'dumb',
    ascii: !/utf-?8/i.test(locale),
  };
}

function chooseColumns(isTerminal: boolean, columns: number | undefined, variable: string | undefined): number {
  const wish = isTerminal && columns !== undefined && columns > 0 ? columns : readColumns(variable);
  return Math.min(Math.max(wish ?? (isTerminal ? 80 : PIPED_COLUMNS), LEAST_COLUMNS), MOST_COLUMNS);
}

function readColumns(variable: string | undefined): number | null {
  return variable !== undefined && /^[1-9][0-9]{0,4}$/.test(variable) ? Number(variable) : null;
}

function isFilled(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
