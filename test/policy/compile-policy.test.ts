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
      },
    ]);
  });
});
