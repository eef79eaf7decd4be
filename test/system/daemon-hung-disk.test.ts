import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** De-assigned, reserved and unassigned: each is alerted. */
const PORTS = [1302, 1276, 10276] as const;
const WATCHDOG_SECONDS = 2;
const NOTES = '/run/notes';

/**
 * The state lies on a file system of FUSE (Debian's package bindfs) whose server is stopped: whoever touches it waits, as
 * on a disk or a server of NFS that does not answer. One daemon goes through it all.
 */
describeUnless(missingForSandbox(['bindfs']), 'a daemon whose disk hangs', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon;

  beforeAll(async () => {
    sandbox = await openSandbox();
    await sandbox.run(['sh', '-c', 'mkdir -p /run/disk /run/state && bindfs /run/disk /run/state']);
    await sandbox.start('notify-socket.py', ['/run/notify', NOTES]);
    const manager = ['env', 'NOTIFY_SOCKET=/run/notify', `WATCHDOG_USEC=${WATCHDOG_SECONDS * 1e6}`];
    daemon = await startDaemon(sandbox, { before: manager, options: ['--state-dir', '/run/state'] });
  });
  afterAll(async () => {
    await hang(false);
    await daemon.close();
    await sandbox.close();
  });

  const hang = (isHanging: boolean) => sandbox.run(['pkill', isHanging ? '-STOP' : '-CONT', '-x', 'bindfs']);
  const listen = async (port: number): Promise<void> => {
    await sandbox.start('listen.py', [String(port)]);
  };
  const opened = (port: number) => daemon.next(`the alert of ${port}`, ({ kind, listener }) => kind === 'opened' && listener?.port === port, 30);
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let waited = 0; !(await isSo()); waited += 1) {
      if (waited > 60) throw new Error(`${what}: not within a minute\n${daemon.log()}`);
      await pause(1);
    }
  };
  /** How often systemd would have heard that the main loop goes round. */
  const countPings = async (): Promise<number> => Number((await sandbox.run(['grep', '-c', 'WATCHDOG=1', NOTES])).stdout);

  it('goes on looking, alerts, says what is wrong, and is not taken for hung', async () => {
    await listen(PORTS[0]);
    await opened(PORTS[0]);
    await hang(true);
    await listen(PORTS[1]);
    await opened(PORTS[1]);
    const before = await daemon.status();
    expect(before.eventLog).toMatchObject({ writable: false, error: expect.stringContaining('the disk does not answer') as string });
    const pings = await countPings();
    await until('pings of the watchdog', async () => (await countPings()) >= pings + 3);
    expect((await daemon.status()).scan.ticks).toBeGreaterThan(before.scan.ticks + 5);
    expect(daemon.log()).toContain('the event log cannot be written, and its events are kept in memory');
  });

  it('refuses a reload, and goes on as before', async () => {
    daemon.signal('SIGHUP');
    await until('the refusal', async () => (await daemon.status()).lastReload !== null);
    expect((await daemon.status()).lastReload).toMatchObject({ ok: false, problems: [expect.stringContaining('the disk does not answer')] });
  });

  it('writes everything when the disk answers again', async () => {
    await hang(false);
    await until('the event log', async () => (await daemon.status()).eventLog.writable);
    const readOpened = async () => (await sandbox.run(['sh', '-c', 'cat /run/disk/events/*'])).stdout.split('\n').filter((line) => line.includes('"kind":"opened"')).map((line) => (JSON.parse(line) as PortreeveEvent).listener?.port);
    await until('all events on the disk', async () => (await readOpened()).length >= 2);
    expect(await readOpened()).toEqual(PORTS.slice(0, 2));
  });

  it('ends within the time that systemd gives it', async () => {
    await hang(true);
    await listen(PORTS[2]);
    await opened(PORTS[2]);
    const begun = performance.now();
    const { pid } = daemon;
    daemon.signal('SIGTERM');
    await until('the end', async () => (await sandbox.run(['test', '-d', `/proc/${pid}`])).code !== 0);
    // TimeoutStopSec= of the unit, and a second to ask.
    expect(performance.now() - begun).toBeLessThan(11_000);
    expect(daemon.log()).toContain('a disk does not answer: ending without what it has not taken');
  });

  it('waits for the disk at the start, says so, and tells nothing again', async () => {
    const told = daemon.events().length;
    const starting = daemon.restart('SIGKILL');
    await until('the word of it', () => Promise.resolve(daemon.log().includes('the start takes long')));
    await hang(false);
    await starting;
    await pause(2);
    // What the disk had not taken is not known any more.
    expect(daemon.events().slice(told).map(({ kind, listener }) => `${kind} ${listener?.port ?? ''}`)).toEqual([`opened ${PORTS[2]}`]);
    expect(readFileSync(join(daemon.folder, 'log'), 'utf8')).not.toMatch(/set aside/);
  });
});
