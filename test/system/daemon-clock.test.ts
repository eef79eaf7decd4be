import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const FIRST = 1302;
const SECOND = 1276;
const THIRD = 10_276;
const HOUR = 3600;
const SETTLE_SECONDS = 2;
/** A reminder that any clock but the steady one would bring within the test. */
const CONFIG = `
scan: { interval: 200ms, sweep: 1s }
alerts: { settle: { critical: 0s, error: ${SETTLE_SECONDS}s, warning: ${SETTLE_SECONDS}s, notice: 1h, info: 1h }, resolveAfter: 1s, reminder: 30m }
`;

/** Debian's libfaketime gives a process a wall clock of its own, which a file changes while it runs. The steady clock stays the kernel's. */
function findFaketime(): string | null {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders.map((name) => join('/usr/lib', name, 'faketime/libfaketimeMT.so.1')).find((path) => existsSync(path)) ?? null;
}

const faketime = findFaketime();

describeUnless(missingForSandbox() ?? (faketime === null ? "needs Debian's package faketime" : null), 'a daemon whose wall clock jumps', () => {
  let sandbox: Sandbox;
  let daemon: RunningDaemon;
  let pids: Map<number, number>;

  beforeAll(async () => {
    sandbox = await openSandbox();
    await sandbox.run(['sh', '-c', 'mkdir /run/clock /run/proc && mount -t proc proc /run/proc']);
    await setClock(0);
    await sandbox.run(['sh', '-c', 'for name in stat uptime; do mount --bind /run/clock/$name /proc/$name; done']);
  });
  beforeEach(async () => {
    pids = new Map();
    await setClock(0);
  });
  afterEach(async () => {
    for (const port of [...pids.keys()]) end(port);
    await daemon.close();
  });
  afterAll(async () => {
    await sandbox.close();
  });

  /** Wall clock of the daemon against the host's, in seconds, and how many of them the machine was suspended: as the kernel would tell them. */
  const setClock = (seconds: number, suspended = 0) =>
    sandbox.run(['sh', '-euc', `
      awk '$1 == "btime" { $2 += ${seconds - suspended} } { print }' /run/proc/stat | dd of=/run/clock/stat conv=notrunc bs=1M status=none
      awk '{ print $1 + ${suspended}, $2 }' /run/proc/uptime | dd of=/run/clock/uptime conv=notrunc bs=1M status=none
      echo '${seconds < 0 ? '' : '+'}${seconds}' >/run/clock/offset`]);
  const start = async (config = CONFIG): Promise<void> => {
    const fake = ['env', `LD_PRELOAD=${faketime ?? ''}`, 'FAKETIME_TIMESTAMP_FILE=/run/clock/offset', 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
    daemon = await startDaemon(sandbox, { config, before: ['env', 'TZ=UTC', 'sh', '-c', '"$@" & wait', 'sh', ...fake] });
  };
  const listen = async (port: number): Promise<void> => {
    pids.set(port, (await sandbox.start<{ pid: number }>('listen.py', [String(port)])).pid);
  };
  const end = (port: number): void => {
    sandbox.kill(pids.get(port) ?? NaN, 'SIGKILL');
    pids.delete(port);
  };
  const next = (kind: PortreeveEvent['kind'], port: number) => daemon.next(`${kind} ${port}`, (event) => event.kind === kind && event.listener?.port === port, 30);
  const kindsOf = (port: number) => daemon.events().filter(({ listener }) => listener?.port === port).map(({ kind }) => kind);
  const minutesAhead = ({ time }: PortreeveEvent) => Math.round((Date.parse(time) - Date.now()) / 60_000);

  const history = async () => {
    const { stdout } = await sandbox.portreeve(['history', '--limit', '1000', '--format', 'ndjson', '--state-dir', join(daemon.folder, 'state')]);
    return stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
  };

  it('an hour forth and back: nothing is told twice, lost or late, and nothing before it settled', async () => {
    await start();
    await listen(FIRST);
    await next('opened', FIRST);
    for (const seconds of [HOUR, -HOUR]) {
      const begun = performance.now();
      await listen(SECOND);
      await setClock(seconds);
      const opened = await next('opened', SECOND);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(SETTLE_SECONDS * 1000);
      expect(minutesAhead(opened)).toBeCloseTo(seconds / 60, 0);
      await setClock(0);
      end(SECOND);
      const resolved = await next('resolved', SECOND);
      expect(minutesAhead(resolved)).toBeCloseTo(0, 0);
      // How long it was open is told by the clock that nobody sets.
      expect(Number(resolved.detail['openFor'])).toBeLessThan(600_000);
    }
    // An owner whose start has another date now is no other owner, and an hour more or less is no reminder.
    expect(kindsOf(FIRST)).toEqual(['opened']);
    expect(kindsOf(SECOND)).toEqual(['opened', 'resolved', 'opened', 'resolved']);
    const events = await history();
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => (events[0]?.sequence ?? 0) + index));
    expect([...events.map(({ id }) => id)].sort()).toEqual(events.map(({ id }) => id));
    expect(events.filter(({ detail }) => 'setByMs' in detail).map(({ message }) => message)).toEqual(['forward', 'back', 'back', 'forward'].map((way) => `the clock was set ${way} by 60 min`));
    expect(events.filter(({ detail }) => 'suspendedMs' in detail)).toEqual([]);
  });

  it('back by an hour while it is down, or forth: nothing is told again', async () => {
    await start();
    await listen(FIRST);
    await next('opened', FIRST);
    for (const seconds of [-HOUR, HOUR]) {
      await setClock(seconds);
      await daemon.restart('SIGKILL');
      await listen(SECOND);
      await next('opened', SECOND);
      end(SECOND);
      await next('resolved', SECOND);
    }
    // While it was down only the wall clock can have counted: a reminder may come by it, and nothing else.
    expect(kindsOf(FIRST).filter((kind) => kind !== 'reminder')).toEqual(['opened']);
  });

  it('by a night in suspension: what changed is told at once when it goes on, nothing again, and the history says why it has a gap', async () => {
    await start();
    await listen(FIRST);
    await next('opened', FIRST);
    daemon.signal('SIGSTOP');
    await listen(THIRD);
    end(FIRST);
    await setClock(8 * HOUR, 8 * HOUR);
    daemon.signal('SIGCONT');
    expect(minutesAhead(await next('opened', THIRD))).toBeCloseTo(8 * 60, 0);
    await pause(2);
    expect(kindsOf(FIRST)).toEqual(['opened', 'resolved']);
    expect(kindsOf(THIRD)).toEqual(['opened']);
    expect((await history()).filter(({ kind, detail }) => kind === 'agent' && ('suspendedMs' in detail || 'setByMs' in detail)).map(({ message }) => message)).toEqual(['the machine was suspended for 8 h']);
  });

  it('past the end of an exception, and back: it ends with its day, which is told once', async () => {
    const noon = new Date();
    noon.setUTCHours(12, 0, 0, 0);
    const untilNoon = Math.round((noon.getTime() - Date.now()) / 1000);
    await setClock(untilNoon);
    const rules = join(mkdtempSync(join(tmpdir(), 'portreeve-rules-')), 'local.yaml');
    writeFileSync(rules, `version: 1\nexceptions:\n  - { id: licence-server, rules: [de-assigned-exposed], match: { port: ${FIRST}, protocol: tcp }, reason: Vendor port, expires: ${noon.toISOString().slice(0, 10)} }\n`);
    await start(`${CONFIG}policy: { rules: [${rules}] }\n`);
    await listen(FIRST);
    for (const each of [1, 2]) {
      await setClock(untilNoon + 24 * HOUR);
      await next('opened', FIRST);
      await setClock(untilNoon);
      expect((await next('resolved', FIRST)).alert?.resolution, String(each)).toBe('excepted');
    }
    expect(daemon.events().filter(({ kind, detail }) => kind === 'exception' && detail['stage'] === 'expired')).toHaveLength(1);
    rmSync(dirname(rules), { recursive: true });
  });
});
