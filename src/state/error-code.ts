/** The system's name of what went wrong (`ENOSPC`), or whatever the error says of itself. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
