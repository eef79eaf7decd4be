import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { wholeRegistryCsv } from '../registry/registry-csv.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { HASTY, pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

/** A listener whose whole life the test decides, run by an executable of the test's choice. */
const LISTEN = 'import socket, sys, signal\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(("0.0.0.0", int(sys.argv[1])))\ns.listen()\nprint(open("/proc/self/stat").read().split()[0], flush=True)\nsignal.pause()';
/** The kernel tells of all namespaces of the machine: what else goes on there is none of a test's business. */
const alertKinds = (events: readonly PortreeveEvent[]) => events.filter(({ listener }) => listener?.port === 1302).map(({ kind, listener }) => `${kind} ${listener?.port ?? ''}`);
const on = (port: number, kind: PortreeveEvent['kind']) => (event: PortreeveEvent) => event.kind === kind && event.listener?.port === port;

describeUnless(missingForSandbox(), 'a running daemon', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon;
  let listeners: number[] = [];

  /** Gives the pid inside. */
  const listen = async (port: number, executable = PYTHON): Promise<number> => {
    const file = join(daemon.folder, `pid-${port}`);
    rmSync(file, { force: true });
    sandbox.spawn(['sh', '-c', 'exec "$@" > "$0"', file, executable, '-c', LISTEN, String(port)]);
    while (!existsSync(file) || readFileSync(file, 'utf8').trim() === '') await pause(0.01);
    const pid = Number(readFileSync(file, 'utf8'));
    listeners.push(pid);
    return pid;
  };
  const end = (pid: number): void => {
    sandbox.kill(pid, 'SIGKILL');
    listeners = listeners.filter((each) => each !== pid);
  };

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  beforeEach(async () => {
    daemon = await startDaemon(sandbox);
  });
  afterEach(async () => {
    listeners.forEach(end);
    await daemon.close();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  it('opens no debugger for the signal by which Node would', async () => {
    daemon.signal('SIGUSR1');
    expect(alertKinds(await daemon.during(1))).toEqual([]);
    expect((await sandbox.audit()).listeners).toEqual([]);
    expect((await daemon.status()).state).toBe('running');
  });

  it('alerts a listener with its owner, once, and tells when it is over', async () => {
    const pid = await listen(1302);
    const opened = await daemon.next('the alert', on(1302, 'opened'));
    expect(opened).toMatchObject({ severity: 'error', audience: 'alert', alert: { openings: 1 }, listener: { protocol: 'tcp', ownerKind: 'process', owners: [{ pid, exe: expect.stringMatching(/^\/usr\/bin\/python3/) as string, user: 'root' }] } });
    expect(alertKinds(await daemon.during(1.5))).toEqual([]);
    end(pid);
    const resolved = await daemon.next('its end', on(1302, 'resolved'));
    expect(resolved.alert).toEqual({ ...opened.alert, resolution: 'closed' });
  });

  it('raises nothing when the audited service restarts, nor when the daemon does, in good order or by kill -9', async () => {
    const pid = await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    end(pid);
    await listen(1302);
    expect(alertKinds(await daemon.during(2.5))).toEqual([]);
    await daemon.restart('SIGTERM');
    expect(alertKinds(await daemon.during(2))).toEqual([]);
    await daemon.restart('SIGKILL');
    expect(alertKinds(await daemon.during(2))).toEqual([]);
    expect((await daemon.status()).alerts.open).toBe(1);
  });

  it('tells when another executable takes the same address over', async () => {
    const other = join(daemon.folder, 'licd');
    copyFileSync(PYTHON, other);
    chmodSync(other, 0o755);
    const pid = await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    end(pid);
    await listen(1302, other);
    const changed = await daemon.next('the change', on(1302, 'changed'));
    expect(changed.differences).toContainEqual(expect.objectContaining({ what: 'executable', after: other }));
  });

  it('keeps the old policy where the new is bad, and says so; and takes a good one', async () => {
    const rules = join(daemon.folder, 'rules.d');
    const exception = `version: 1\nexceptions:\n  - id: licence-server\n    rules: [de-assigned-exposed]\n    match: { port: 1302, protocol: tcp, exe: '/usr/bin/python3*' }\n    reason: Vendor port\n`;
    mkdirSync(rules);
    writeFileSync(join(rules, 'local.yaml'), exception.replace('port: 1302', 'prot: 1302'));
    await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    daemon.configure(`${HASTY}policy: { rules: [${rules}] }\n`);
    daemon.signal('SIGHUP');
    const refused = await daemon.next('the refusal', ({ kind }) => kind === 'policy');
    expect(refused).toMatchObject({ severity: 'error', audience: 'alert' });
    expect(refused.message).toContain(`${rules}/local.yaml:5:14`);
    expect((await daemon.status()).lastReload).toMatchObject({ ok: false });

    writeFileSync(join(rules, 'local.yaml'), exception);
    daemon.signal('SIGHUP');
    const resolved = await daemon.next('the end by the exception', on(1302, 'resolved'));
    expect(resolved.alert?.resolution).toBe('excepted');
    const status = await daemon.status();
    expect(status.lastReload).toMatchObject({ ok: true, problems: [] });
    expect(status.policy.files).toContain(join(rules, 'local.yaml'));
  });

  it('takes up an updated registry without a restart', async () => {
    await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    const csv = join(daemon.folder, 'registry.csv');
    writeFileSync(csv, wholeRegistryCsv(new Map([[1302, [{ port: '1302', service: 'licence' }]]]), '2026-11-01'));
    const updated = await sandbox.portreeve(['registry', 'update', '--from', csv, '--state-dir', join(daemon.folder, 'state')]);
    expect(updated).toMatchObject({ code: 0, stderr: '' });
    const resolved = await daemon.next('the end by the registry', on(1302, 'resolved'));
    expect(resolved.listener?.registry).toMatchObject({ status: 'assigned', service: 'licence' });
    expect((await daemon.status()).registry).toMatchObject({ updated: '2026-11-01' });
  });

  it('answers audit without --now, with its age, and its exit code', async () => {
    await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    const { code, stdout, stderr } = await sandbox.portreeve(['audit', '--format', 'json', '--socket', join(daemon.folder, 'control.sock')]);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'portreeve/audit/v1', listeners: [{ port: 1302 }] });
    expect(stderr).toMatch(/^portreeve: the daemon's audit of .* old;/);
    expect(code).toBe(1);
    const refused = await sandbox.portreeve(['audit', '--verbose']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--now');
  });

  it('is one per state directory and control socket', async () => {
    const second = await sandbox.portreeve(['daemon', '--config', join(daemon.folder, 'portreeve.yaml')]);
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`process ${daemon.pid}`);
    expect((await daemon.status()).pid).toBe(daemon.pid);
  });

  it('goes on without a state directory that it can write, and says so', async () => {
    await daemon.close();
    await sandbox.run(['mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', '/mnt']);
    daemon = await startDaemon(sandbox, { options: ['--state-dir', '/mnt'] });
    await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    const status = await daemon.status();
    expect(status.eventLog.writable).toBe(false);
    expect(daemon.log()).toContain('the state directory cannot be written');
    expect((await sandbox.portreeve(['status', '--socket', join(daemon.folder, 'control.sock')])).code).toBe(3);
  });

  it('keeps what it writes to itself, and ends in good time', async () => {
    await listen(1302);
    await daemon.next('the alert', on(1302, 'opened'));
    const state = join(daemon.folder, 'state');
    for (const name of readdirSync(state, { recursive: true, encoding: 'utf8' })) expect(statSync(join(state, name)).mode & 0o077, name).toBe(0);
    const begun = Date.now();
    await daemon.restart('SIGTERM');
    expect(Date.now() - begun).toBeLessThan(8000);
    expect(existsSync(join(daemon.folder, 'control.sock'))).toBe(true);
    expect(execFileSync('ls', [state], { encoding: 'utf8' }).split('\n').filter((name) => name.endsWith('.lock'))).toHaveLength(1);
  });
});
