/**
 * The shipped rules that find fault with the executable itself (what it is, where it lies, what it passes itself off
 * as), not with the port that it holds. An exception says "this program may be here"; where the program is what is
 * wrong, that is no answer, and a fixed program needs none. Someone who means it can still write it by hand.
 */
const RULES_ABOUT_EXECUTABLES: ReadonlySet<string> = new Set([
  'exe-memfd',
  'exe-deleted-exposed',
  'exe-deleted-loopback',
  'exe-replaced',
  'exe-foreign-exposed',
  'exe-foreign-loopback',
  'exe-temporary-exposed',
  'exe-temporary-loopback',
  'exe-temporary-container',
  'script-temporary-exposed',
  'script-temporary-loopback',
  'exe-home-as-root',
  'exe-hidden',
  'exe-in-data-place',
  'sibling-without-owner',
  'owner-concealed',
  'poses-as-kernel-thread',
]);

/** Whether no exception is to be proposed for a rule. Rules that a site wrote itself are left to the site. */
export function isAboutExecutable(rule: string): boolean {
  return RULES_ABOUT_EXECUTABLES.has(rule);
}
