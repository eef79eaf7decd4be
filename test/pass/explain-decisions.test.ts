import { describe, expect, it } from 'vitest';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { explainDecisions } from '../../src/pass/explain-decisions.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';

const POLICY = `version: 1
rules:
  - id: any-exposed
    title: t
    severity: error
    match: { protocol: tcp, scope: wildcard }
  - id: from-tmp
    title: t
    severity: warning
    match: { exe: '/tmp/**' }
  - id: deleted
    title: t
    severity: notice
    match: { exeDeleted: true }
exceptions:
  - id: other-user
    rules: [any-exposed]
    match: { port: 22, user: nobody }
    reason: r
  - id: not-about-it
    rules: [deleted]
    match: { port: 22 }
    reason: r
  - id: sshd
    rules: [any-exposed]
    match: { port: 22, exe: /usr/sbin/sshd }
    reason: r
  - id: too-late
    rules: [any-exposed]
    match: { port: 22 }
    reason: r
`;
const parsed = await parsePolicyDocument(POLICY, 'p.yaml');
const policy = compilePolicy(parsed.document === null ? [] : [parsed.document], { today: '2026-11-22' });

describe('explainDecisions', () => {
  it('tells every rule in the order of the policy, and why each did not match', () => {
    const { listener, rules } = explainDecisions(aListener({ id: 'me' }), policy);
    expect(listener).toBe('me');
    expect(rules.map(({ rule, truth, condition, position }) => [rule, truth, condition, position && `${position.line}:${position.column}`])).toEqual([
      ['any-exposed', 'true', null, null],
      ['from-tmp', 'false', 'exe', '10:14'],
      ['deleted', 'false', 'exeDeleted', '14:14'],
    ]);
  });

  it('tells the exceptions that name the rule, up to the one that silences it', () => {
    const { rules } = explainDecisions(aListener(), policy);
    expect(rules[0]?.exceptions.map(({ exception, truth, condition }) => [exception, truth, condition])).toEqual([
      ['other-user', 'false', 'user'],
      ['sshd', 'true', null],
    ]);
    expect(rules[1]?.exceptions).toEqual([]);
  });

  it('says unknown of what could not be seen', () => {
    const unseen = aListener({ ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'x' }, owners: [] });
    expect(explainDecisions(unseen, policy).rules[1]).toMatchObject({ truth: 'unknown', condition: 'exe' });
  });

  it('blames no single condition where an exception covers one owner of two', () => {
    const shared = aListener({ owners: [anOwner(), anOwner({ pid: 9, exe: '/opt/x' })] });
    expect(explainDecisions(shared, policy).rules[0]?.exceptions[1]).toMatchObject({ exception: 'sshd', truth: 'false', condition: null });
  });

  it('agrees with the findings', () => {
    for (const listener of [aListener(), aListener({ port: 23 }), aListener({ owners: [anOwner({ exe: '/tmp/x', exeDeleted: true })] })]) {
      const matching = explainDecisions(listener, policy).rules.filter(({ truth }) => truth === 'true');
      const findings = evaluateListener(listener, policy);
      expect(new Set(matching.map(({ rule }) => rule))).toEqual(new Set(findings.map(({ rule }) => rule)));
      for (const { rule, exceptions } of matching) {
        const silencing = exceptions.find(({ truth }) => truth === 'true')?.exception;
        expect(findings.find((finding) => finding.rule === rule)?.excepted?.id).toBe(silencing);
      }
    }
  });
});
