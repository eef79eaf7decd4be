import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConversation } from '../../src/cli/conversation.ts';
import type { AuditedListener } from '../../src/model/audit.ts';
import { checkApprovalFile, listReviewItems, reviewedPolicy, reviewItems, type Conversation, type ReviewOutcome } from '../../src/pass/baseline-review.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { aFinding, aListener, anOwner, aReport } from '../fixtures/audit-report.ts';

const NOW = new Date('2026-11-22T12:00:00.000Z');
const TEXT = { columns: 80, colour: false, ascii: false };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-review-'));
  path = join(folder, 'approved.yaml');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const fileOf = () => ({ path, host: 'web1', today: '2026-11-22' });
const found = (port: number, partial: Partial<AuditedListener> = {}): AuditedListener => aListener({ id: String(port), port, findings: [aFinding({ rule: 'odd', severity: 'warning' })], ...partial });
const itemsOf = (listeners: readonly AuditedListener[]) => listReviewItems(aReport(listeners), { minSeverity: 'notice', includeCritical: false, policy: { paths: [], shipped: false } });

/** Answers in turn; then the person has left. */
function scripted(answers: readonly string[]): Conversation & { readonly shown: string[]; readonly asked: string[] } {
  const left = [...answers];
  const shown: string[] = [];
  const asked: string[] = [];
  return {
    shown,
    asked,
    show: (lines) => shown.push(...lines),
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(left.shift() ?? null);
    },
  };
}

async function review(listeners: readonly AuditedListener[], answers: readonly string[], expires: string | null = null): Promise<{ outcome: ReviewOutcome; shown: string; asked: readonly string[] }> {
  const conversation = scripted(answers);
  const outcome = await reviewItems(await itemsOf(listeners), conversation, { file: fileOf(), expires, now: () => NOW, text: TEXT });
  return { outcome, shown: conversation.shown.join('\n'), asked: conversation.asked };
}

async function exceptionsIn(): Promise<readonly unknown[]> {
  const { document, problems } = await parsePolicyDocument(readFileSync(path, 'utf8'), path);
  expect(problems).toEqual([]);
  return document!.exceptions.map(({ id, reason, expires }) => [id, reason, expires?.date ?? null]);
}

describe('baseline review', () => {
  it('writes each approval with its reason and end, and counts the rest', async () => {
    const { outcome } = await review([found(1), found(2), found(3)], ['a', 'Ours', '90d', 'k', 'approve', 'Ours: "too"', '']);
    expect(outcome).toEqual({ approved: 2, kept: 1, left: 0 });
    expect(await exceptionsIn()).toEqual([['allow-1-tcp-sshd', 'Ours', '2027-02-20'], ['allow-3-tcp-sshd', 'Ours: "too"', null]]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has what was approved in the file before the next question', async () => {
    const conversation = scripted(['a', 'Ours', '']);
    const seen: unknown[] = [];
    const ask = (question: string) => {
      seen.push(existsSync(path));
      return conversation.ask(question);
    };
    const outcome = await reviewItems(await itemsOf([found(1), found(2)]), { ...conversation, ask }, { file: fileOf(), expires: null, now: () => NOW, text: TEXT });
    expect(seen).toEqual([false, false, false, true]);
    expect(outcome).toEqual({ approved: 1, kept: 0, left: 1 });
  });

  it('asks once more for what was skipped, after the others', async () => {
    const { outcome, shown } = await review([found(1), found(2)], ['s', 'k', 'S']);
    expect(outcome).toEqual({ approved: 0, kept: 1, left: 1 });
    expect(shown.match(/^\[.*\] \d\/tcp/gm)).toEqual(['[1 of 2] 1/tcp', '[2 of 2] 2/tcp', '[1 of 1] 1/tcp']);
    expect(existsSync(path)).toBe(false);
  });

  it.each(['', ' ', 'TODO', 'todo: ask', '\u001b[2J', 'a\u202eb'])('takes no %j for a reason, and asks again', async (reason) => {
    const { outcome, asked } = await review([found(1)], ['a', ...(reason.trim() === '' ? ['', 'a'] : [reason]), 'Ours', '']);
    expect(asked.filter((question) => question.startsWith('Reason'))).toHaveLength(2);
    expect(outcome.approved).toBe(1);
    expect(await exceptionsIn()).toEqual([['allow-1-tcp-sshd', 'Ours', null]]);
  });

  it('asks again for an end that is none, and offers the usual one', async () => {
    const { asked, shown } = await review([found(1)], ['a', 'Ours', 'never', '2020-01-01', ''], '2027-01-31');
    expect(asked.slice(2)).toEqual(Array(3).fill('Until (90d, 12w or YYYY-MM-DD; Enter for 2027-01-31): '));
    expect(shown).toContain('Not understood: write a number of days');
    expect(await exceptionsIn()).toEqual([['allow-1-tcp-sshd', 'Ours', '2027-01-31']]);
  });

  it('asks again where an answer is none of those offered', async () => {
    const { outcome, shown } = await review([found(1)], ['yes', '', 'ak', 'q']);
    expect(shown.split('Answer with a letter')).toHaveLength(4);
    expect(outcome).toEqual({ approved: 0, kept: 0, left: 1 });
  });

  it('shows the evidence, harmless, and what the exception would hold for', async () => {
    const owner = anOwner({ pid: 4711, name: 'a\u001b[2J', exe: '/opt/a\nb', user: 'licd', unit: 'licd.service', commandLine: ['/opt/a', '--port', '1302'], exePackage: null });
    const { shown } = await review([found(1302, { owners: [owner] }), found(1302, { address: '::', owners: [owner] })], ['q']);
    expect(shown).toMatchInlineSnapshot(`
      "
      [1 of 1] 1302/tcp 0.0.0.0 (wildcard), 1302/tcp [::] (wildcard)
        warning: Listener on a de-assigned port, reachable from other hosts (odd)
        owner       a\\x1b[2J[4711]
        executable  /opt/a\\nb
        package     none
        user        licd
        unit        licd.service
        command     /opt/a --port 1302
        since       2026-11-20 06:12Z (2 days)
        registry    ssh

        Find the owner first: it may be an old application that kept its port, a
        custom service, or software that hides on a port nobody watches. If it belongs
        here, allow it with a narrow exception; else stop it.

        To approve it silences these findings for:
            protocol: tcp
            port: 1302
            scope: wildcard
            exe: "/opt/a\\nb"
            user: licd
            unit: licd.service
            container: false"
    `);
  });

  it('shows the worst first, and lets nothing be approved whose owner is unknown', async () => {
    const unknown = found(9, { ownerKind: 'unknown', ownerNote: { code: 'no-holder', detail: 'no process holds it' }, owners: [], findings: [aFinding({ severity: 'critical' })] });
    const { outcome, shown, asked } = await review([found(1), unknown], ['a', 'k', 'k']);
    expect(shown).toContain('[1 of 2] 9/tcp');
    expect(shown).toContain('Nothing can be approved here. Its owner is unknown: no process holds it.');
    expect(asked[0]).toBe('[k]eep alerting, [s]kip for now, [q]uit? ');
    expect(outcome).toEqual({ approved: 0, kept: 2, left: 0 });
  });
});

describe('the file of approvals', () => {
  const before = '# ours\nversion: 1\nrules:\n  - { id: r, title: T, severity: info, match: { port: 1 } }\nexceptions:\n  - { id: old, rules: [r], match: { exe: /bin/x }, reason: Old }  # mind the gap';

  it('is added to, comments, permissions and all', async () => {
    writeFileSync(path, before);
    chmodSync(path, 0o644);
    await review([found(1)], ['a', 'Ours', '']);
    expect(readFileSync(path, 'utf8').startsWith(`${before}\n\n`)).toBe(true);
    expect(await exceptionsIn()).toEqual([['old', 'Old', null], ['allow-1-tcp-sshd', 'Ours', null]]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  it('keeps what an editor changed between two approvals', async () => {
    const answers = scripted(['a', 'Ours', '', 'a', 'Ours', '']);
    const ask = async (question: string) => {
      if (existsSync(path)) writeFileSync(path, readFileSync(path, 'utf8').replace('Ours', 'Edited'));
      return answers.ask(question);
    };
    await reviewItems(await itemsOf([found(1), found(2)]), { ...answers, ask }, { file: fileOf(), expires: null, now: () => NOW, text: TEXT });
    expect(await exceptionsIn()).toEqual([['allow-1-tcp-sshd', 'Edited', null], ['allow-2-tcp-sshd', 'Ours', null]]);
  });

  it.each<[string, string]>([
    ['policy-invalid', 'version: 1\nrule: []\n'],
    ['policy-invalid', '{'],
    ['output-unwritable', 'version: 1\nexceptions: []\n'],
    ['output-unwritable', 'exceptions:\n  - { id: old, rules: [r], match: { exe: /x }, reason: Old }\nversion: 1\n'],
    ['output-unwritable', 'version: 1\nrules:\n  - { id: r, title: T, severity: info, match: { port: 1 } }\n'],
    ['output-unwritable', 'version: 1\nexceptions:\n- { id: old, rules: [r], match: { exe: /x }, reason: Old }\n'],
  ])('is refused before the first question where nothing can be added: %s %#', async (code, text) => {
    writeFileSync(path, text);
    await expect(checkApprovalFile(fileOf())).rejects.toMatchObject({ code });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('may be a new one in a folder that is there', async () => {
    await expect(checkApprovalFile(fileOf())).resolves.toBeUndefined();
    await expect(checkApprovalFile({ ...fileOf(), path: join(folder, 'none', 'x.yaml') })).rejects.toMatchObject({ code: 'output-unwritable', message: `${join(folder, 'none', 'x.yaml')}: its folder does not exist` });
  });

  it('counts for the next review wherever it lies', () => {
    expect(reviewedPolicy([], true, path)).toEqual({ paths: [], shipped: true });
    writeFileSync(path, before);
    expect(reviewedPolicy([], true, path).paths).toEqual([path]);
    expect(reviewedPolicy([folder], true, path).paths).toEqual([folder]);
    expect(reviewedPolicy([path], true, path).paths).toEqual([path]);
  });
});

describe('the conversation on a terminal', () => {
  function open() {
    const input = new PassThrough();
    const output = new PassThrough();
    return { input, conversation: openConversation(input, output), printed: () => String(output.read() ?? '') };
  }

  it('answers with the line typed, trimmed', async () => {
    const { input, conversation, printed } = open();
    const answer = conversation.ask('Well? ');
    input.write('  yes \n');
    expect(await answer).toBe('yes');
    expect(printed()).toContain('Well? ');
    conversation.close();
  });

  it('drops lines that nobody asked for', async () => {
    const { input, conversation } = open();
    const first = conversation.ask('Reason: ');
    input.write('pasted\na\nq\n');
    expect(await first).toBe('pasted');
    const second = conversation.ask('Next? ');
    input.write('k\n');
    expect(await second).toBe('k');
    conversation.close();
  });

  it('answers nothing more once the input has ended', async () => {
    const { input, conversation } = open();
    const answer = conversation.ask('Well? ');
    input.end();
    expect([await answer, await conversation.ask('And? '), conversation.interrupted]).toEqual([null, null, false]);
  });
});
