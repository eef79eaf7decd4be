import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { sampleListener } from './sample-listener.ts';

const today = '2026-02-20';

async function documentOf(file: string, text: string): Promise<PolicyDocument> {
  const { document, problems } = await parsePolicyDocument(text, file);
  expect(problems).toEqual([]);
  return document!;
}

function rulesOf(...ids: string[]): string {
  return `version: 1\nrules:\n${ids.map((id) => `  - { id: ${id}, title: T, severity: info, match: { port: 1302 } }\n`).join('')}`;
}

function failureOf(documents: readonly PolicyDocument[]): PortreeveError {
  try {
    compilePolicy(documents, { today });
  } catch (error) {
    if (error instanceof PortreeveError) return error;
  }
  throw new Error('a PortreeveError was expected');
}

describe('compilePolicy', () => {
  it('compiles what went through JSON just as well', async () => {
    const document = await documentOf('a.yaml', rulesOf('one', 'two'));
    const policy = compilePolicy([JSON.parse(JSON.stringify(document)) as PolicyDocument], { today });
    expect(policy).toMatchObject({ files: ['a.yaml'], rules: [{ id: 'one' }, { id: 'two' }], exceptions: [], warnings: [] });
    expect(policy.rules.map((rule) => rule.match.matchesAny(sampleListener()))).toEqual(['true', 'true']);
    expect(policy.rules.map((rule) => rule.match.matchesAny(sampleListener({ port: 22 })))).toEqual(['false', 'false']);
  });

  it('names both places of an id that is there twice, within a file and across files', async () => {
    const error = failureOf([await documentOf('a.yaml', rulesOf('one', 'one')), await documentOf('b.yaml', rulesOf('one'))]);
    expect(error.code).toBe('policy-invalid');
    expect(error.problems.map(({ position, message, hint }) => [position.file, position.line, position.column, message, hint])).toEqual([
      ['a.yaml', 4, 11, 'a second rule with the id "one"', 'It is there already at a.yaml:3:11; ids are unique across all files.'],
      ['b.yaml', 3, 11, 'a second rule with the id "one"', 'It is there already at a.yaml:3:11; ids are unique across all files.'],
    ]);
  });

  it('lets a rule and an exception share an id, but not two exceptions', async () => {
    const exception = (id: string): string => `  - { id: ${id}, rules: [one], match: { port: 1 }, reason: R }\n`;
    const text = `${rulesOf('one')}exceptions:\n${exception('one')}`;
    expect(compilePolicy([await documentOf('a.yaml', text)], { today }).exceptions).toHaveLength(1);
    const error = failureOf([await documentOf('a.yaml', text + exception('one'))]);
    expect(error.problems).toMatchObject([{ position: { line: 6, column: 11 }, message: 'a second exception with the id "one"' }]);
  });

  it('asks "did you mean" for a rule that no file has', async () => {
    const exceptions = 'version: 1\nexceptions:\n  - { id: e, rules: [de-assigned, unheard-of], match: { port: 1 }, reason: R }\n';
    const error = failureOf([await documentOf('a.yaml', rulesOf('de-asigned')), await documentOf('b.yaml', exceptions)]);
    expect(error.problems).toMatchObject([
      { position: { file: 'b.yaml', line: 3, column: 22 }, message: 'there is no rule "de-assigned"', hint: 'Did you mean "de-asigned"?' },
      { position: { file: 'b.yaml', line: 3, column: 35 }, message: 'there is no rule "unheard-of"', hint: 'Rules are known from the files that are loaded together.' },
    ]);
  });

  it('leaves out a disabled rule, whose id stays known', async () => {
    const text = `version: 1
rules: [{ id: off, title: T, severity: info, match: { port: 1 }, enabled: false }]
exceptions: [{ id: e, rules: [off], match: { port: 1 }, reason: R }]
`;
    expect(compilePolicy([await documentOf('a.yaml', text)], { today })).toMatchObject({ rules: [], exceptions: [{ id: 'e', rules: ['off'] }] });
  });

  it('leaves out an expired exception, and warns', async () => {
    const text = `${rulesOf('one')}exceptions:\n  - { id: e, rules: [one], match: { port: 1302 }, reason: R, owner: team, expires: 2026-02-20 }\n`;
    const document = await documentOf('a.yaml', text);
    expect(compilePolicy([document], { today }).exceptions).toMatchObject([{ id: 'e', reason: 'R', owner: 'team', expires: '2026-02-20' }]);
    const later = compilePolicy([document], { today: '2026-02-21' });
    expect(later.exceptions).toEqual([]);
    expect(later.warnings).toEqual([
      {
        position: { file: 'a.yaml', line: 5, column: 84 },
        message: 'the exception "e" expired at the end of 2026-02-20 and silences nothing',
        hint: 'Look at its listener again: renew the date, or remove the exception.',
        level: 'warning',
        code: 'exception-expired',
      },
    ]);
  });

  it.each([
    ['2026-03-06', 0, 'today'],
    ['2026-03-05', 1, 'tomorrow'],
    ['2026-02-20', 14, 'in 14 days'],
    ['2026-02-19', 15, null],
  ])('says on %s, %i days before its end, that an exception expires %s', async (day, _, when) => {
    const text = `${rulesOf('one')}exceptions:\n  - { id: e, rules: [one], match: { port: 1302 }, reason: R, expires: 2026-03-06 }\n`;
    const { exceptions, warnings } = compilePolicy([await documentOf('a.yaml', text)], { today: day });
    expect(exceptions).toHaveLength(1);
    expect(warnings).toEqual(
      when === null
        ? []
        : [
            {
              position: { file: 'a.yaml', line: 5, column: 71 },
              message: `the exception "e" expires ${when}, at the end of 2026-03-06`,
              hint: 'Look at its listener again: renew the date, or see to it that it is gone by then.',
              level: 'notice',
              code: 'exception-expires-soon',
            },
          ],
    );
  });

  it.each(['TODO', '"todo: ask Ann"', 'FIXME', '"..."', 'tbd', '"?"'])('warns of an exception whose reason is %s, which holds all the same', async (reason) => {
    const text = `${rulesOf('one')}exceptions:\n  - { id: e, rules: [one], match: { port: 1302 }, reason: ${reason} }\n`;
    const { exceptions, warnings } = compilePolicy([await documentOf('a.yaml', text)], { today });
    expect(exceptions).toHaveLength(1);
    expect(warnings).toMatchObject([{ level: 'warning', code: 'exception-todo', position: { line: 5, column: 11 }, message: 'the exception "e" has no reason yet' }]);
  });

  it.each(['Todoist sync server', 'tbdb', '\u8ff7', 'A'])('takes %s for a reason', async (reason) => {
    const text = `${rulesOf('one')}exceptions:\n  - { id: e, rules: [one], match: { port: 1302 }, reason: ${reason} }\n`;
    expect(compilePolicy([await documentOf('a.yaml', text)], { today }).warnings).toEqual([]);
  });

  it('gives a rule of any file another severity, or switches it off or on', async () => {
    const pack = `${rulesOf('one', 'two')}  - { id: three, title: T, severity: info, match: { port: 1302 }, enabled: false }\n`;
    const local = `version: 1
overrides:
  - { rule: one, severity: critical, reason: R }
  - { rule: two, enabled: false, reason: R }
  - { rule: three, enabled: true, severity: notice, reason: R }
`;
    // The order of the files makes no difference.
    for (const documents of [[await documentOf('a.yaml', pack), await documentOf('b.yaml', local)], [await documentOf('b.yaml', local), await documentOf('a.yaml', pack)]]) {
      const { rules } = compilePolicy(documents, { today });
      expect(rules.map(({ id, severity, position }) => [id, severity, position.file])).toEqual([['one', 'critical', 'a.yaml'], ['three', 'notice', 'a.yaml']]);
    }
  });

  it('refuses two overrides of one rule, and one of a rule that no file has', async () => {
    const local = `version: 1
overrides:
  - { rule: one, severity: critical, reason: R }
  - { rule: one, enabled: false, reason: R }
  - { rule: onee, enabled: false, reason: R }
`;
    expect(failureOf([await documentOf('a.yaml', rulesOf('one')), await documentOf('b.yaml', local)]).problems).toMatchObject([
      { code: 'duplicate-id', position: { file: 'b.yaml', line: 4, column: 13 }, message: 'a second override of the rule "one"', hint: 'It is there already at b.yaml:3:13; only one of them could hold.' },
      { code: 'unknown-rule', position: { file: 'b.yaml', line: 5, column: 13 }, message: 'there is no rule "onee"', hint: 'Did you mean "one"?' },
    ]);
  });

  it('knows which fields are asked for, by rules in force and exceptions that hold', async () => {
    const text = `version: 1
rules:
  - { id: a, title: T, severity: info, match: { any: [{ exe: /x }, { not: { user: u } }] } }
  - { id: b, title: T, severity: info, match: { age: under 1h }, enabled: false }
exceptions:
  - { id: e, rules: [a], match: { exePackage: x }, reason: R }
  - { id: f, rules: [a], match: { peers: true }, reason: R, expires: 2026-01-01 }
`;
    expect([...compilePolicy([await documentOf('a.yaml', text)], { today }).fields].sort()).toEqual(['exe', 'exePackage', 'user']);
  });
});
