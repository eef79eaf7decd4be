import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { openSandbox, PORTREEVE, REPOSITORY, type Sandbox } from './sandbox.ts';

const FINISHED = [0, 1, 3];
const FINDINGS = 1;
const FAILED = 3;
const INTERRUPTED = 130;
/** Ten parts are what an audit takes when nobody stops it. */
const PARTS = 10;

describeUnless(missingForSandbox(), 'an audit that is interrupted', () => {
  const audit = [`${REPOSITORY}/${PORTREEVE}`, 'audit', '--now', '--format', 'json'];

  it('exits with 130 whenever Ctrl-C comes, with a whole report or none, or had finished before', async () => {
    const begin = Date.now();
    expect(FINISHED).toContain((await runCommand(process.execPath, audit)).code);
    const part = (Date.now() - begin) / PARTS;
    const codes: number[] = [];
    for (let parts = 0; parts <= PARTS + 2; parts += 1) {
      const { code, stdout, stderr } = await runCommand(process.execPath, audit, { onStart: (kill) => setTimeout(kill, part * parts, 'SIGINT') });
      expect(stderr).toBe('');
      if (stdout !== '') expect(JSON.parse(stdout)).toMatchObject({ schema: 'portreeve/audit/v1' });
      codes.push(code);
    }
    expect(codes.filter((code) => !FINISHED.includes(code) && code !== INTERRUPTED)).toEqual([]);
    expect(codes).toContain(INTERRUPTED);
  });
});

describeUnless(missingForSandbox(['bash']), 'an audit whose output finds no taker', () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await openSandbox();
    // A de-assigned port on every address: the audit has something to exit with.
    await sandbox.start('listen.py', ['1302']);
  });

  afterAll(() => sandbox.close());

  /** The audit in a shell; `rest` says where its output goes. Prints the exit code of the audit last. */
  const inShell = async (format: string, rest: string) => {
    const { stdout, stderr } = await sandbox.run(['bash', '-c', `/run/node /run/portreeve/${PORTREEVE} audit --now --format ${format} ${rest}; echo "exit \${PIPESTATUS[0]}"`]);
    const [, output = '', code = ''] = /^([^]*)exit (\d+)\n$/.exec(stdout) ?? [];
    return { output, code: Number(code), stderr };
  };

  describe.each(['table', 'json', 'ndjson', 'csv'])('as %s', (format) => {
    it('ends cleanly when its reader leaves after one line', async () => {
      const { output, code, stderr } = await inShell(format, '| head -1');
      expect({ code, stderr }).toEqual({ code: FINDINGS, stderr: '' });
      expect(output).toMatch(/^[^\n]+\n$/);
    });

    it('exits with what it found even when no one reads at all', async () => {
      expect(await inShell(format, '| true')).toEqual({ output: '', code: FINDINGS, stderr: '' });
    });

    it('says so, and fails, when its output cannot be written', async () => {
      const { code, stderr } = await inShell(format, '>/dev/full');
      expect(code).toBe(FAILED);
      expect(stderr).toMatch(/^portreeve: .*ENOSPC.*\n$/);
    });
  });
});
