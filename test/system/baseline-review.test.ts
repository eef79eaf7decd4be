import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { openSandbox, PORTREEVE, PYTHON, type Sandbox } from './sandbox.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const FILE = '/run/approved.yaml';

interface Session {
  readonly code: number;
  readonly output: string;
  /** Steps that were never reached. */
  readonly left: number;
}

describeUnless(missingForSandbox(), 'baseline review on a terminal', () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await openSandbox();
    // A de-assigned port and two unassigned ones, on every address.
    await sandbox.start('listen.py', ['1302', '10276', '10277']);
  });
  afterAll(() => sandbox.close());
  beforeEach(() => sandbox.run(['rm', '-f', FILE]));

  async function review(steps: readonly (readonly [waitFor: string, type: string])[], args: readonly string[] = []): Promise<Session> {
    const command = ['/run/node', `/run/portreeve/${PORTREEVE}`, 'baseline', 'review', '--output', FILE, ...args];
    const { stdout, stderr } = await sandbox.run([PYTHON, '/run/portreeve/test/system/fixtures/terminal.py', JSON.stringify(steps), ...command]);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Session;
  }

  const file = async () => (await sandbox.run(['cat', FILE])).stdout;
  const silenced = async () => {
    const { listeners } = await sandbox.audit(['--rules', FILE]);
    return listeners.filter(({ findings }) => findings.some(({ excepted }) => excepted !== null)).map(({ port }) => port);
  };

  it('silences what was approved and nothing else, and asks for it no more', async () => {
    const { code, output, left } = await review([
      ['of 3]', ''],
      ['[q]uit? ', 'a\r'],
      ['Reason', 'Licence server: "floating"\r'],
      ['Until', '90d\r'],
      ['[2 of 3]', ''],
      ['[q]uit? ', 'k\r'],
      ['[3 of 3]', ''],
      ['[q]uit? ', 's\r'],
      ['[1 of 1]', ''],
      ['[q]uit? ', 'q\r'],
    ]);
    expect({ code, left }, output).toEqual({ code: 0, left: 0 });
    expect(output).toContain(`1 approved in ${FILE}, 1 kept alerting, 1 left for another time.`);
    expect(await silenced()).toHaveLength(1);
    expect(await file()).toMatch(/reason: "Licence server: \\"floating\\""\n {4}expires: \d{4}-\d\d-\d\d\n$/);
    expect((await review([['[1 of 2]', CTRL_D]])).output).not.toContain('[1 of 3]');
  });

  it.each([
    ['while asked for a reason', [['[2 of 3]', ''], ['[q]uit? ', 'a\r'], ['Reason', `half a rea${CTRL_C}`]]],
    ['while asked what to do', [['[2 of 3]', ''], ['[q]uit? ', CTRL_C]]],
  ] as const)('loses nothing that was approved by Ctrl-C %s, and exits with 130', async (_when, steps) => {
    const { code, output, left } = await review([['[q]uit? ', 'a\r'], ['Reason', 'Ours\r'], ['Until', '\r'], ...steps]);
    expect({ code, left }, output).toEqual({ code: 130, left: 0 });
    expect(output).toContain('1 approved');
    expect(await silenced()).toHaveLength(1);
  });

  it('takes Ctrl-D for a quiet end', async () => {
    const { code, output } = await review([['[q]uit? ', CTRL_D]]);
    expect(code, output).toBe(0);
    expect(output).toContain('0 approved, 0 kept alerting, 3 left for another time.');
    expect((await sandbox.run(['ls', FILE])).code).not.toBe(0);
  });

  it('asks nothing without a terminal', async () => {
    const { code, stdout, stderr } = await sandbox.portreeve(['baseline', 'review', '--output', FILE]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('portreeve baseline create writes a file to review in an editor');
  });
});
