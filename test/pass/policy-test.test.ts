import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderRuleTests, renderRuleTestsJson, testPolicy, type PolicyTestChoice } from '../../src/pass/policy-test.ts';

const RULES = `version: 1
rules:
  - id: odd-web
    title: Web server on an odd port
    severity: notice
    match: { exe: '**/nginx', not: { port: [80, 443] } }
exceptions:
  - id: our-nginx
    rules: [odd-web]
    match: { port: 8081, exe: /usr/sbin/nginx, user: www-data }
    reason: ours
`;

const nginx = (port: number, user = 'root'): string => `{ protocol: tcp, address: 0.0.0.0, port: ${port}, owners: [{ exe: /usr/sbin/nginx, user: ${user} }] }`;
const testCase = (name: string, listener: string, expectation: string): string => `  - name: ${name}\n    listener: ${listener}\n    expect: ${expectation}\n`;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-rule-tests-'));
  writeFileSync(at('web.yaml'), RULES);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (choice: Partial<PolicyTestChoice> = {}) => testPolicy({ paths: [folder], shipped: false, coverage: false, now: () => new Date('2026-11-22T12:00:00Z'), ...choice });

async function textOf(cases: string, choice: Partial<PolicyTestChoice> = {}): Promise<string> {
  writeFileSync(at('web.test.yaml'), `version: 1\ncases:\n${cases}`);
  const report = await run(choice);
  return renderRuleTests(report, { columns: 200, colour: false, ascii: false }).join('\n').replaceAll(`${folder}/`, '');
}

describe('policy test', () => {
  it('passes where every case comes out as it says', async () => {
    const cases = testCase('odd', nginx(8080), '{ odd-web: found }') + testCase('ours', nginx(8081, 'www-data'), '{ odd-web: excepted }') + testCase('either', nginx(8081, 'www-data'), '{ odd-web: match }') + testCase('usual', nginx(80), '{ odd-web: none }');
    expect(await textOf(cases)).toBe('4 cases of 1 file: all pass.');
    expect(await textOf(cases, { coverage: true })).toBe('4 cases of 1 file: all pass. 1 of 1 rule has a case that must match and one that must not.');
  });

  it('shows what was expected beside what came, and the first condition that failed', async () => {
    const cases =
      testCase('nginx on 80', nginx(80), '{ odd-web: found, od-web: none }') +
      testCase('nginx on 8081', nginx(8081), '{ odd-web: excepted }') +
      testCase('as www-data', nginx(8081, 'www-data'), '{ odd-web: found }') +
      testCase('on 9000', nginx(9000), '{ odd-web: none }');
    expect(await textOf(cases)).toMatchInlineSnapshot(`
      "web.test.yaml:3:5: nginx on 80
        web.test.yaml:5:15: odd-web
          expected: a finding that no exception silences
          found: no finding: not does not hold (web.yaml:6:31)
        web.test.yaml:5:31: od-web
          expected: no finding
          found: no such rule in force; did you mean odd-web?

      web.test.yaml:6:5: nginx on 8081
        web.test.yaml:8:15: odd-web
          expected: a finding that an exception silences
          found: a finding; exceptions tried: our-nginx: user does not hold (web.yaml:10:48)

      web.test.yaml:9:5: as www-data
        web.test.yaml:11:15: odd-web
          expected: a finding that no exception silences
          found: a finding that the exception our-nginx silences

      web.test.yaml:12:5: on 9000
        web.test.yaml:14:15: odd-web
          expected: no finding
          found: a finding

      4 cases of 1 file: 4 failed."
    `);
  });

  it('lists the rules without a case that must match, or without one that must not', async () => {
    expect(await textOf(testCase('odd', nginx(8080), '{ odd-web: found }'), { coverage: true })).toBe(
      'web.yaml:3:9: odd-web has no case that it must not match\n\n1 case of 1 file: all pass. 0 of 1 rule have a case that must match and one that must not.',
    );
  });

  it('holds the tests of the shipped packs against these alone, and local ones against everything', async () => {
    writeFileSync(at('allow.yaml'), 'version: 1\nexceptions:\n  - { id: all, rules: [exe-memfd], match: { scope: [wildcard, loopback, private], exe: "**" }, reason: no }\n');
    const memfd = '{ protocol: tcp, address: 0.0.0.0, port: 443, service: https, owners: [{ exe: "/memfd:x", user: root, exeDeleted: true }] }';
    writeFileSync(at('web.test.yaml'), `version: 1\ncases:\n${testCase('memfd', memfd, '{ exe-memfd: excepted }')}`);
    const report = await run({ shipped: true });
    expect(report.failed).toEqual([]);
    expect(report.files.length).toBeGreaterThan(4);
    expect(report.cases).toBeGreaterThan(200);
  });

  it('finds the tests beside a file, and those named by themselves with the policy beside them', async () => {
    writeFileSync(at('web.test.yml'), `version: 1\ncases:\n${testCase('odd', nginx(8080), '{ odd-web: found }')}`);
    writeFileSync(at('other.test.yaml'), `version: 1\ncases:\n${testCase('odd', nginx(8080), '{ odd-web: none }')}`);
    const filesOf = async (paths: readonly string[]) => (await run({ paths })).files.map((file) => file.slice(folder.length + 1));
    expect(await filesOf([at('web.yaml')])).toEqual(['web.test.yml']);
    expect(await filesOf([at('web.test.yml')])).toEqual(['web.test.yml']);
    expect((await run({ paths: [at('web.test.yml')] })).failed).toEqual([]);
    expect(await filesOf([folder, at('web.test.yml')])).toEqual(['other.test.yaml', 'web.test.yml']);
    expect((await run({ paths: [at('web.yaml'), at('other.test.yaml')] })).failed.map(({ name }) => name)).toEqual(['odd']);
  });

  it('says so where there are none', async () => {
    expect(renderRuleTests(await run(), { columns: 80, colour: false, ascii: false })).toEqual(['There are no rule tests here.']);
  });

  it('names every bad file with its places', async () => {
    writeFileSync(at('web.test.yaml'), 'version: 1\ncases: [{ nam: x }]\n');
    mkdirSync(at('x.test.yaml'));
    await expect(run()).rejects.toMatchObject({ code: 'policy-invalid', message: expect.stringMatching(/web\.test\.yaml:2:11: a case has no key "nam"[^]*x\.test\.yaml: this is a folder/) as string });
    await expect(run({ paths: [at('none.test.yaml')] })).rejects.toMatchObject({ code: 'policy-unreadable', message: `${at('none.test.yaml')}: there is no such file` });
    rmSync(at('web.test.yaml'));
    await expect(run()).rejects.toMatchObject({ code: 'policy-unreadable' });
  });

  it('is data for programs too', async () => {
    await textOf(testCase('é', nginx(80), '{ odd-web: match }'));
    const report = await run({ coverage: true });
    expect(renderRuleTestsJson(report)).toMatch(/^[\x20-\x7e\n]*$/);
    expect(JSON.parse(renderRuleTestsJson(report))).toEqual({
      schema: 'portreeve/policy-test/v1',
      files: [at('web.test.yaml')],
      cases: 1,
      rules: 1,
      failed: [
        {
          name: 'é',
          position: { file: at('web.test.yaml'), line: 3, column: 5 },
          differences: [
            {
              rule: 'odd-web',
              expected: 'match',
              found: 'none',
              position: { file: at('web.test.yaml'), line: 5, column: 15 },
              decision: { rule: 'odd-web', severity: 'notice', truth: 'false', condition: 'not', position: { file: at('web.yaml'), line: 6, column: 31 }, exceptions: [] },
              meant: null,
            },
          ],
        },
      ],
      untested: [{ rule: 'odd-web', position: { file: at('web.yaml'), line: 3, column: 9 }, lacks: ['none'] }],
    });
  });
});
