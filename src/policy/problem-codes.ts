/**
 * Kinds of problems of a policy file, and in a few words what each is. Stable: editors and CI filter by them. Codes are
 * added, never reused. docs/policy.md lists them, which a test checks.
 */
export const POLICY_PROBLEM_CODES = {
  'unreadable': 'a path that is not there, may not be read, is not a file, is too large, or is not UTF-8',
  'yaml': 'text that is not YAML 1.2, or YAML that a policy has no use for: tags, merge keys, several documents',
  'unknown-key': 'a key or a field that the language does not have',
  'missing-key': 'a key that has to be there',
  'bad-value': 'a value of the wrong type or form',
  'duplicate-id': 'an id, or an override of one rule, that is there twice',
  'unknown-rule': 'a rule id that no file declares',
  'process-name-too-long': 'a name that Linux would have cut, so that it never matches',
  'never-matches': 'a match that contradicts itself',
  'unknown-here': 'a field whose fact this host does not give',
  'unknown-service': 'a service name that the registry does not have',
  'same-match': 'a rule with the match of an earlier rule',
  'override-without-effect': 'an override that changes nothing',
  'exception-todo': 'an exception whose reason is still to be written',
  'exception-expired': 'an exception that has expired',
  'exception-expires-soon': 'an exception that expires within 14 days',
  'exception-by-port': 'an exception that says nothing of who holds the listener',
  'exception-by-process': 'an exception that knows the holder only by a name that a process chooses itself',
  'exception-of-critical': 'an exception that silences a critical rule',
  'exception-of-disabled': 'an exception that silences only rules that are switched off',
  'exception-overlap': 'an exception that another one covers, wholly or in part',
  'exception-unused': 'an exception that no listener has needed for a long time',
} as const satisfies Record<string, string>;
export type PolicyProblemCode = keyof typeof POLICY_PROBLEM_CODES;
