import { describe, expect, it } from 'vitest';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { ownerless, policyOf, sampleListener, sampleOwner } from '../policy/sample-listener.ts';

const RULES = `version: 1
rules:
  - { id: first-notice, title: A notice, match: { port: 1302 }, severity: notice }
  - { id: de-assigned-exposed, title: De-assigned, match: { status: de-assigned, scope: wildcard }, severity: error, advice: Find the owner., references: [RFC 6335], attack: [T1571] }
  - { id: second-notice, title: Another, match: { protocol: tcp }, severity: notice }
  - { id: from-tmp, title: From /tmp, match: { exe: /tmp/** }, severity: critical }
  - { id: switched-off, title: Off, match: { port: 1302 }, severity: critical, enabled: false }
`;
const licence = (more = ''): string => `
exceptions:
  - id: licence-server
    rules: [de-assigned-exposed]
    match: { port: 1302, protocol: tcp, exe: /opt/licd/bin/licd, user: licd }
    reason: Vendor port
    ${more}
`;

describe('evaluateListener', () => {
  it('gives each rule that matches, the worst first, then in the order of the rules', async () => {
    const findings = evaluateListener(sampleListener(), await policyOf(RULES));
    expect(findings.map((finding) => finding.rule)).toEqual(['de-assigned-exposed', 'first-notice', 'second-notice']);
    expect(findings[0]).toEqual({
      rule: 'de-assigned-exposed',
      severity: 'error',
      title: 'De-assigned',
      advice: 'Find the owner.',
      references: ['RFC 6335'],
      attack: ['T1571'],
      excepted: null,
    });
  });

  it('raises nothing on what is unknown', async () => {
    const findings = evaluateListener(ownerless({ registry: null }), await policyOf(RULES));
    expect(findings.map((finding) => finding.rule)).toEqual(['first-notice', 'second-notice']);
  });

  it('marks the finding that an exception names, and no other', async () => {
    const findings = evaluateListener(sampleListener(), await policyOf(RULES + licence('expires: 2027-06-30')));
    expect(findings.map((finding) => finding.excepted)).toEqual([
      { id: 'licence-server', reason: 'Vendor port', expires: '2027-06-30' },
      null,
      null,
    ]);
  });

  it('does not let one approved owner cover for another', async () => {
    const owners = [sampleOwner(), sampleOwner({ pid: 900, exe: '/tmp/x' })];
    const findings = evaluateListener(sampleListener({ owners }), await policyOf(RULES + licence()));
    expect(findings.map(({ rule, excepted }) => [rule, excepted?.id ?? null])).toEqual([
      ['from-tmp', null],
      ['de-assigned-exposed', null],
      ['first-notice', null],
      ['second-notice', null],
    ]);
  });

  it('silences nothing on what is unknown', async () => {
    const findings = evaluateListener(ownerless(), await policyOf(RULES + licence()));
    expect(findings.find((finding) => finding.rule === 'de-assigned-exposed')?.excepted).toBeNull();
  });

  it('takes the first exception that holds', async () => {
    const two = `${licence()}  - { id: later, rules: [de-assigned-exposed, first-notice], match: { port: 1302 }, reason: Also }\n`;
    const findings = evaluateListener(sampleListener(), await policyOf(RULES + two));
    expect(findings.map((finding) => finding.excepted?.id ?? null)).toEqual(['licence-server', 'later', null]);
  });

  it.each([
    ['2026-06-29', true],
    ['2026-06-30', true],
    ['2026-07-01', false],
  ])('lets an exception that expires on 2026-06-30 hold until the end of that day: %s', async (today, holds) => {
    const policy = await policyOf(RULES + licence('expires: 2026-06-30'), today);
    expect(evaluateListener(sampleListener(), policy)[0]?.excepted !== null).toBe(holds);
    expect(policy.warnings.filter(({ level }) => level === 'warning').map((warning) => warning.message)).toEqual(
      holds ? [] : ['the exception "licence-server" expired at the end of 2026-06-30 and silences nothing'],
    );
  });
});
