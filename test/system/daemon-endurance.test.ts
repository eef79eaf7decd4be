import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, PYTHON, type Sandbox } from './sandbox.ts';

/** Openings and closings of a day on a busy host, as fast as they go; fewer for a quick look. */
const OPENINGS = Number(process.env['ENDURANCE_OPENINGS'] ?? 100_000);
const KILLS = 20;
const KIB_PER_MIB = 1024;

/** Listeners that come and go at random, each for a tenth of a second to a second, on ports of their own. */
const CHURN = `
import random, socket, sys, time
random.seed(int(sys.argv[1]))
held = {}
while True:
    port = 21000 + random.randrange(40)
    if port in held:
        held.pop(port).close()
    else:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", port))
        s.listen(1)
        held[port] = s
    time.sleep(random.uniform(0.01, 0.05))
`;

describeUnless(missingForSandbox(), 'a daemon that lives long', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await daemon.close();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  /** Resident memory in MiB, and open descriptors. */
  const measure = async (): Promise<{ memory: number; descriptors: number }> => {
    const { stdout } = await sandbox.run(['sh', '-c', 'grep VmRSS /proc/$0/status; ls /proc/$0/fd | wc -l', String(daemon.pid)]);
    const [memory = '', descriptors = ''] = stdout.split('\n');
    return { memory: Number(/\d+/.exec(memory)?.[0]) / KIB_PER_MIB, descriptors: Number(descriptors) };
  };

  it(`takes ${OPENINGS} openings and closings with memory that stays flat and below 90 MiB`, { timeout: 300_000 }, async () => {
    daemon = await startDaemon(sandbox, { config: '' });
    const flood = sandbox.run([PYTHON, '/run/portreeve/test/bench/flood.py', String(OPENINGS), '2', '0.3'], { seconds: 240 });
    const samples: { memory: number; descriptors: number }[] = [];
    for (let ended = null; ended === null; ended = await Promise.race([flood, pause(0.5).then(() => null)])) samples.push(await measure());
    expect(await flood).toMatchObject({ code: 0 });
    const { state, eventLog } = await daemon.status();
    expect({ state, writable: eventLog.writable }).toEqual({ state: 'running', writable: true });
    const memory = samples.map((sample) => sample.memory);
    expect(Math.max(...memory)).toBeLessThan(90);
    const quarter = (n: number): number => Math.max(...memory.slice(Math.floor((memory.length * n) / 4), Math.ceil((memory.length * (n + 1)) / 4)));
    // The first quarter is the warming up.
    expect(quarter(3)).toBeLessThan(quarter(1) + 6);
    const warm = samples.slice(samples.length >> 2).map(({ descriptors }) => descriptors);
    expect(Math.max(...warm) - Math.min(...warm)).toBeLessThanOrEqual(4);
  });

  it(`is killed ${KILLS} times at random moments: its state always loads, and no alert is told twice in a row`, { timeout: 180_000 }, async () => {
    daemon = await startDaemon(sandbox);
    const churn = sandbox.spawn([PYTHON, '-c', CHURN, '1']);
    for (let round = 0; round < KILLS; round += 1) {
      await pause(0.2 + ((round * 7919) % 13) / 10);
      await daemon.restart('SIGKILL');
    }
    await pause(1);
    await daemon.restart('SIGTERM');
    churn.kill();
    expect(daemon.log()).not.toMatch(/cannot be used|was damaged|set aside/);

    const { stdout } = await sandbox.portreeve(['history', '--limit', '10000', '--format', 'ndjson', '--state-dir', join(daemon.folder, 'state')]);
    const logged = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
    expect(logged.map(({ sequence }) => sequence)).toEqual(logged.map((_, index) => (logged[0]?.sequence ?? 0) + index));
    const own = logged.filter(({ listener }) => listener !== null && listener.port !== null && listener.port >= 21_000 && listener.port < 21_040);
    expect(new Set(own.filter(({ kind }) => kind === 'opened').map(({ listener }) => listener?.port)).size).toBeGreaterThan(10);
    // Between two openings of one alert there is its end.
    const isOpen = new Set<string>();
    for (const { kind, alert, listener, id } of own) {
      if (alert === null) continue;
      const place = `${listener?.address ?? ''}:${listener?.port ?? ''}`;
      if (kind === 'opened') {
        expect(isOpen.has(place), `${place} opened again by ${id}`).toBe(false);
        isOpen.add(place);
      } else if (kind === 'resolved') isOpen.delete(place);
    }

    // What the sink was sent is what the log has for it: nothing missing; a kill between sending and noting it sends one batch again.
    const sent = daemon.events();
    const wanted = logged.filter(({ audience }) => audience === 'alert').map(({ id }) => id);
    expect([...new Set(sent.map(({ id }) => id))]).toEqual(wanted);
    expect(sent.length - wanted.length).toBeLessThan(wanted.length / 2);
  });
});
