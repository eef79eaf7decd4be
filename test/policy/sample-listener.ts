import type { RegisteredListener } from '../../src/model/audit.ts';
import type { Owner } from '../../src/model/listener.ts';
import type { Matcher } from '../../src/model/policy.ts';
import { compileMatch } from '../../src/policy/compile-match.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import type { Clock } from '../../src/policy/fields.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { aListener, anOwner, facts } from '../fixtures/audit-report.ts';

export function sampleOwner(changes: Partial<Owner> = {}): Owner {
  return anOwner({ name: 'licd', exe: '/opt/licd/bin/licd', commandLine: ['licd', '-d'], uid: 990, user: 'licd', unit: 'licd.service', startedAt: '2026-01-01T00:00:00.000Z', ...changes });
}

export function sampleListener(changes: Partial<RegisteredListener> = {}): RegisteredListener {
  return aListener({
    id: 'host:tcp:0.0.0.0:1302:/opt/licd/bin/licd:licd.service',
    port: 1302,
    socketUid: 990,
    socketUser: 'licd',
    owners: [sampleOwner()],
    registry: facts({ status: 'de-assigned', range: 'user', service: null, since: '2019-10-30', former: 'ci3-software-2' }),
    ...changes,
  });
}

/** A listener that nobody is known to hold. */
export function ownerless(changes: Partial<RegisteredListener> = {}): RegisteredListener {
  return sampleListener({ ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'run as root' }, owners: [], ...changes });
}

const NOON = new Date('2026-02-20T12:00:00Z');

/** A matcher from the text of a `match`, in flow style, on 2026-02-20 at noon. */
export async function matcherOf(match: string, now: Clock | null = () => NOON): Promise<Matcher> {
  const text = `version: 1\nrules: [{ id: sample, title: Sample, severity: notice, match: ${match} }]\n`;
  const { document, problems } = await parsePolicyDocument(text, 'sample.yaml');
  if (document === null) throw new Error(problems.map((problem) => problem.message).join('; '));
  return compileMatch(document.rules[0]!.match, 'sample.yaml', now);
}

/** A policy from the text of one file, compiled for a day. */
export async function policyOf(text: string, today = '2026-02-20'): Promise<ReturnType<typeof compilePolicy>> {
  const { document, problems } = await parsePolicyDocument(text, 'sample.yaml');
  if (document === null) throw new Error(problems.map((problem) => problem.message).join('; '));
  return compilePolicy([document], { today });
}
