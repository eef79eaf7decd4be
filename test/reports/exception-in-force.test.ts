import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { renderException } from '../../src/reports/exception-yaml.ts';
import { aFinding, aListener, anOwner, webServer } from '../fixtures/audit-report.ts';

const RULE = `version: 1
rules:
  - id: de-assigned-exposed
    title: Any listener
    severity: error
    match: { protocol: [tcp, udp, raw] }
`;

async function findingsWith(exception: string, listener: AuditedListener): Promise<ReturnType<typeof evaluateListener>> {
  const parsed = await Promise.all([parsePolicyDocument(RULE, 'rule.yaml'), parsePolicyDocument(exception, 'exception.yaml')]);
  expect(parsed.flatMap(({ problems }) => problems)).toEqual([]);
  return evaluateListener(listener, compilePolicy(parsed.flatMap(({ document }) => document ?? []), { today: '2026-11-22' }));
}

const listeners: readonly AuditedListener[] = [
  ...webServer(),
  aListener({ owners: [anOwner({ exe: '/tmp/*.{a,b}?[x]\\ "é\u{1f680}\n' })] }),
  aListener({ owners: [anOwner({ unit: 'systemd-cryptsetup@luks\\x2d1.service' })] }),
  aListener({ owners: [anOwner({ container: 'f'.repeat(64), unit: 'docker-f.scope' })] }),
  aListener({ owners: [anOwner({ user: null })] }),
  aListener({ ownerKind: 'unknown', ownerNote: { code: 'no-privilege', detail: 'x' }, owners: [] }),
];

describe('the exception that explain offers', () => {
  it.each(listeners.map((listener, index) => [index, `${listener.port ?? 'raw'} ${listener.ownerKind}`, listener] as const))('is one that a policy takes, and silences its listener (%i: %s)', async (_index, _what, listener) => {
    const exception = renderException([{ ...listener, findings: [aFinding()] }]).join('\n');
    expect((await findingsWith(exception, listener)).map(({ excepted }) => excepted?.reason)).toEqual(['TODO']);
  });

  it('does not silence another program on the same port', async () => {
    const exception = renderException([aListener({ findings: [aFinding()] })]).join('\n');
    expect((await findingsWith(exception, aListener({ owners: [anOwner({ exe: '/tmp/sshd' })] }))).map(({ excepted }) => excepted)).toEqual([null]);
  });
});
