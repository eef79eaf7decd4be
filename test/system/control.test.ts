import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openControlServer, type ControlServer } from '../../src/control/server.ts';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { recordLog, someAnswers } from '../fixtures/daemon.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { FIXTURES, PYTHON } from './sandbox.ts';

/** A group and a user that no one here has: numbers do. */
const GROUP = 54_321;
const USER = 54_322;

describeUnless(missingForSandbox(), 'the control socket of root and a group', () => {
  let folder = '';
  let path = '';
  let server: ControlServer;
  const { lines, logger } = recordLog();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-control-'));
    chmodSync(folder, 0o755);
    path = join(folder, 'control.sock');
    server = await openControlServer({ path, group: String(GROUP), answers: someAnswers(), logger, clock: SYSTEM_CLOCK });
  });

  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const ask = async (...as: readonly string[]): Promise<string> => {
    // As text: another user may not come to where the file is.
    const asked = [PYTHON, '-c', readFileSync(join(FIXTURES, 'ask-socket.py'), 'utf8'), path, '{"request":"audit"}'];
    const { stdout } = await runCommand('setpriv', [...as, '--', ...asked]);
    return stdout.trim();
  };
  const answer = '{"answer":"audit","latest":null}';

  it('is theirs, and nobody else may write it', () => {
    const { mode, uid, gid } = lstatSync(path);
    expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o660, uid: 0, gid: GROUP });
  });

  it('answers root, and members by their own group or another of theirs', async () => {
    expect(await ask()).toBe(answer);
    expect(await ask(`--reuid=${USER}`, `--regid=${GROUP}`, '--clear-groups')).toBe(answer);
    expect(await ask(`--reuid=${USER}`, `--regid=${USER}`, `--groups=${GROUP}`)).toBe(answer);
  });

  it('lets no one else in', async () => {
    expect(await ask(`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups')).toBe('EACCES');
  });

  it('answers no one else whom a changed file mode would let in, and logs it', async () => {
    chmodSync(path, 0o666);
    expect(await ask(`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups')).toBe(`{"answer":"error","message":"only root and the members of group ${GROUP} may ask"}`);
    expect(lines).toEqual([{ level: 'warning', message: 'control clients were refused', fields: { count: 1, reason: `only root and the members of group ${GROUP} may ask`, uid: USER } }]);
    chmodSync(path, 0o660);
  });
});

describeUnless(missingForSandbox(), 'a socket whose daemon was killed', () => {
  it('is taken over by the next', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portreeve-control-'));
    const path = join(folder, 'control.sock');
    const killed = spawn(PYTHON, ['-c', 'import socket,sys,time\ns=socket.socket(socket.AF_UNIX);s.bind(sys.argv[1]);s.listen();print("ready",flush=True);time.sleep(60)', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(killed.stdout, 'data');
    const open = () => openControlServer({ path, group: null, answers: someAnswers(), logger: recordLog().logger, clock: SYSTEM_CLOCK });
    await expect(open()).rejects.toMatchObject({ code: 'daemon-running' });
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const server = await open();
    await server.close();
    rmSync(folder, { recursive: true });
  });
});
