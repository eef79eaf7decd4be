import { describe, expect, it } from 'vitest';
import { findNamedPorts } from '../../src/policy/named-ports.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';

async function namedPorts(match: string): Promise<readonly (readonly [number, number])[]> {
  const { document, problems } = await parsePolicyDocument(`version: 1\nrules:\n  - id: r\n    title: t\n    severity: info\n    match: ${match}\n`, 'p.yaml');
  expect(problems).toEqual([]);
  return findNamedPorts(document === null ? [] : [document]);
}

describe('findNamedPorts', () => {
  it('finds single ports, lists and ranges, however deep', async () => {
    expect(await namedPorts('{ port: 8125, exe: /x }')).toEqual([[8125, 8125]]);
    expect(await namedPorts("{ any: [{ port: [1, '5-9'] }, { not: { port: 7 } }] }")).toEqual([[1, 1], [5, 9], [7, 7]]);
    expect(await namedPorts('{ protocol: tcp }')).toEqual([]);
  });

  it('takes a wide range for a class of ports, which is nobody\'s place', async () => {
    expect(await namedPorts('{ port: 1024-65535 }')).toEqual([]);
    expect(await namedPorts('{ port: 6800-7568 }')).toEqual([[6800, 7568]]);
  });

  it('takes exceptions as well', async () => {
    const text = 'version: 1\nrules:\n  - id: r\n    title: t\n    severity: info\n    match: { protocol: tcp }\nexceptions:\n  - id: e\n    rules: [r]\n    match: { port: 1302 }\n    reason: x\n';
    const { document } = await parsePolicyDocument(text, 'p.yaml');
    expect(findNamedPorts(document === null ? [] : [document])).toEqual([[1302, 1302]]);
  });
});
