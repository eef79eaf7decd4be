import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { HASTY, pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

const MIB = 1 << 20;
const PORT = 1302;
const OTHER_PORT = 27_184;
/** Listens on so many ports from the first on. */
const OPEN = `
import signal, socket, sys
held = [socket.socket() for each in range(int(sys.argv[2]))]
for number, s in enumerate(held):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", int(sys.argv[1]) + number))
    s.listen()
signal.pause()
`;
/** Opens and closes one port so many times, as fast as that goes. */
const FLOOD = `
import socket, sys
for each in range(int(sys.argv[2])):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", int(sys.argv[1])))
    s.listen(1)
    s.close()
`;
const TRACING = '/sys/kernel/tracing';

describeUnless(missingForSandbox(), 'a daemon on a bad day', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon | null = null;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  beforeEach(() => {
    daemon = null;
  });
  afterEach(async () => {
    await sandbox.run(['pkill', '-x', 'python3']);
    await daemon?.close();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  const start = async (options: Parameters<typeof startDaemon>[1] = {}): Promise<RunningDaemon> => {
    daemon = await startDaemon(sandbox, options);
    return daemon;
  };
  const listen = (port = PORT, count = 1): void => {
    sandbox.spawn([PYTHON, '-c', OPEN, String(port), String(count)]);
  };
  const opened = (running: RunningDaemon, port = PORT, seconds = 10) => running.next(`the alert of ${port}`, ({ kind, listener }) => kind === 'opened' && listener?.port === port, seconds);

  it('whose state directory is full alerts all the same, says so, and writes what it kept when there is room', async () => {
    await sandbox.run(['sh', '-c', 'mkdir -p /run/full && mount -t tmpfs -o size=1m tmpfs /run/full']);
    const running = await start({ options: ['--state-dir', '/run/full'] });
    await sandbox.run(['sh', '-c', 'head -c 2m /dev/zero > /run/full/ballast']);
    // More than the rest of a page that the log already has.
    listen(OTHER_PORT, 30);
    listen();
    await opened(running);
    // This alert may have found the last room.
    for (let waited = 0; waited < 15 && (await running.status()).eventLog.writable; waited += 1) await pause(1);
    expect((await running.status()).eventLog.writable).toBe(false);
    expect(running.log()).toContain('the event log cannot be written, and its events are kept in memory');
    await sandbox.run(['rm', '/run/full/ballast']);
    for (let waited = 0; waited < 15 && !(await running.status()).eventLog.writable; waited += 1) await pause(1);
    expect((await running.status()).eventLog.writable).toBe(true);
    const { stdout } = await sandbox.portreeve(['history', String(PORT), '--format', 'ndjson', '--state-dir', '/run/full']);
    expect(stdout).toContain('"kind":"opened"');
  });

  it.each([2, 4])('in a /proc with hidepid=%i: as root it sees all; without CAP_SYS_PTRACE it alerts without owners, and says what it lacks', async (level) => {
    const hidden = ['unshare', '-m', 'sh', '-c', `mount -o remount,hidepid=${level} /proc && exec "$@"`, 'sh'];
    const running = await start({ before: hidden });
    listen();
    expect((await opened(running)).listener?.owners[0]?.exe).toMatch(/python3/);
    await running.close();

    const bound = 'setpriv --bounding-set -sys_ptrace,-dac_override,-dac_read_search --inh-caps -all'.split(' ');
    const blind = await start({ before: [...hidden, ...bound] });
    sandbox.spawn(['setpriv', '--reuid', '65534', '--clear-groups', PYTHON, '-c', OPEN, String(OTHER_PORT), '1']);
    const alert = await opened(blind, OTHER_PORT);
    expect(alert.listener).toMatchObject({ ownerKind: 'unknown', socketUid: 65534 });
    expect((await blind.status()).coverage?.complete).toBe(false);
  });

  it('that may open no more than 40 files finds owners all the same', async () => {
    const running = await start({ before: ['prlimit', '--nofile=40'] });
    listen();
    expect((await opened(running)).listener?.owners[0]?.exe).toMatch(/python3/);
    expect((await running.status()).state).toBe('running');
  });

  /** Not one more descriptor than it has: every further open(2) of the running daemon is EMFILE. */
  const exhaust = (running: RunningDaemon) => sandbox.run(['sh', '-c', 'n=0; while [ -e /proc/$0/fd/$n ]; do n=$((n + 1)); done; exec prlimit --pid $0 --nofile=$n', String(running.pid)]);

  it('that can open no more files gives the events of the kernel up, and finds listeners with those', { timeout: 90_000 }, async () => {
    const running = await start();
    if ((await running.status()).kernelEvents.mode !== 'tracefs') return;
    await exhaust(running);
    listen();
    expect((await opened(running, PORT, 40)).listener?.owners[0]?.exe).toMatch(/python3/);
    const { kernelEvents, memory } = await running.status();
    expect(kernelEvents.mode).toBe('polling');
    expect(memory.residentBytes).toBeGreaterThan(MIB);
    expect(running.log()).toContain('EMFILE');
  });

  it('that can open no more files, and has none to give up, ends with an error; the next one tells what it missed, and nothing twice', { timeout: 90_000 }, async () => {
    const running = await start({ config: HASTY.replace('scan: {', "scan: { kernelEvents: 'off',") });
    listen();
    await opened(running);
    await pause(3);
    await exhaust(running);
    listen(OTHER_PORT);
    for (let waited = 0; waited < 40 && !running.log().includes('giving up'); waited += 1) await pause(1);
    expect(running.log()).toContain('giving up: the sockets could not be read many times in a row');
    expect(await running.ended()).toBe(3);
    await running.restart('SIGKILL');
    await opened(running, OTHER_PORT);
    expect(running.events().flatMap(({ kind, listener }) => (kind === 'opened' ? [listener?.port] : []))).toEqual([PORT, OTHER_PORT]);
  });

  it('whose tracefs is unmounted under it polls on, and says so', async () => {
    const running = await start({ before: ['unshare', '-m'] });
    const before = (await running.status()).kernelEvents;
    await sandbox.run(['nsenter', '-t', String(running.pid), '-m', 'umount', '-l', TRACING]);
    for (let waited = 0; waited < 45 && (await running.status()).kernelEvents.mode !== 'polling'; waited += 1) await pause(1);
    const { mode, detail } = (await running.status()).kernelEvents;
    expect(mode).toBe('polling');
    expect(detail.length).toBeGreaterThan(10);
    if (before.mode === 'tracefs') expect(running.log()).toContain('kernel events are not available: listeners are found by polling');
    listen();
    await opened(running);
  });

  it('whose /proc/net cannot be read has netlink left', async () => {
    const running = await start({ before: ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs -o mode=000 tmpfs /proc/$$/net 2>/dev/null; exec "$@"', 'sh'] });
    listen();
    await opened(running);
    expect((await running.status()).state).toBe('running');
  });

  it('stopped for seconds: nothing is told again, and what happened meanwhile is', async () => {
    // nsenter stops with its child, and would not go on with it: a shell is between them.
    const running = await start({ before: ['sh', '-c', '"$@" & wait', 'sh'] });
    listen();
    await opened(running);
    running.signal('SIGSTOP');
    listen(OTHER_PORT);
    await pause(4);
    running.signal('SIGCONT');
    await opened(running, OTHER_PORT);
    const kinds = (await running.during(1)).filter(({ listener }) => listener?.port === PORT).map(({ kind }) => kind);
    expect(kinds).toEqual([]);
    expect(running.events().filter(({ kind, listener }) => kind === 'opened' && listener?.port === PORT)).toHaveLength(1);
    expect((await running.status()).memory.residentBytes).toBeLessThan(90 * MIB);
  });

  it('stopped while the kernel tells of more than its buffer holds: says how much was lost, and goes on', async () => {
    const running = await start({ before: ['sh', '-c', '"$@" & wait', 'sh'] });
    if ((await running.status()).kernelEvents.mode !== 'tracefs') return;
    running.signal('SIGSTOP');
    await sandbox.run([PYTHON, '-c', FLOOD, String(OTHER_PORT), '50000'], { seconds: 50 });
    running.signal('SIGCONT');
    const loss = await running.next('the loss', ({ kind }) => kind === 'loss', 20);
    expect(loss).toMatchObject({ severity: 'warning', audience: 'alert', detail: { source: 'tracefs' } });
    const lost = Number(loss.detail['count']);
    // Two events for each opening, less what two buffers of a megabyte hold, and what others lost besides.
    expect(lost).toBeGreaterThan(20_000);
    expect(loss.message).toContain(`the kernel lost ${lost} events of listeners`);
    expect((await running.status()).kernelEvents.lost).toBeGreaterThanOrEqual(lost);
    listen();
    await opened(running);
  });

  it('takes the instance over that a killed one left', async () => {
    const running = await start();
    if ((await running.status()).kernelEvents.mode !== 'tracefs') return;
    const instanceOf = async (): Promise<string | undefined> => new RegExp(`${TRACING}/instances/[^, ]+`).exec((await running.status()).kernelEvents.detail)?.[0];
    const folder = await instanceOf();
    await running.restart('SIGKILL');
    expect(await instanceOf()).toBe(folder);
  });

  it('restarted while network namespaces of one name are there: calls each what it was called', async () => {
    const enter = async (before: readonly string[]): Promise<number> => (await sandbox.start<{ pid: number }>('listen.py', [String(PORT)], before)).pid;
    const running = await start();
    // The older namespace gets the name, and the younger a number; then its first process leaves another that is younger than either.
    const older = await enter(['unshare', '-n']);
    const name = (await opened(running)).listener?.netns.name;
    const younger = await enter(['unshare', '-n']);
    expect((await opened(running)).listener?.netns.name).toMatch(/#2$/);
    const follower = (await sandbox.start<{ pid: number }>('listen.py', [String(OTHER_PORT)], ['nsenter', `--net=/proc/${older}/ns/net`])).pid;
    expect((await opened(running, OTHER_PORT)).listener?.netns.name).toBe(name);
    sandbox.kill(older, 'SIGKILL');
    await running.next('its end', ({ kind, listener }) => kind === 'resolved' && listener?.port === PORT, 10);
    await pause(3);
    const told = running.events().length;
    await running.restart('SIGTERM');
    await pause(3);
    expect(running.events().slice(told).map(({ kind, message }) => `${kind} ${message}`)).toEqual([]);
    for (const pid of [younger, follower]) sandbox.kill(pid, 'SIGKILL');
  });

  it('leaves nothing in tracefs when it ends in good order', async () => {
    const running = await start();
    const { mode, detail } = (await running.status()).kernelEvents;
    const folder = new RegExp(`${TRACING}/instances/[^, ]+`).exec(detail)?.[0];
    await running.restart('SIGTERM');
    if (mode === 'tracefs') expect(folder).toBeDefined();
    expect(readdirSync(join(running.folder, 'state')).some((name) => name.endsWith('.tmp'))).toBe(false);
    running.signal('SIGTERM');
    for (let waited = 0; waited < 50 && existsSync(folder ?? '/nonexistent'); waited += 1) await pause(0.1);
    if (folder !== undefined) expect(existsSync(folder)).toBe(false);
  });
});
