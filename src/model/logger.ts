/** What a log line can carry beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The agent's own log. Messages are constant texts, so that they can be searched and counted; what varies goes into the
 * fields. Writing never throws and never waits.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
