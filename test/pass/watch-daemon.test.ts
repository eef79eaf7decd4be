import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openControlServer, type ControlServer } from '../../src/control/server.ts';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { askStatus } from '../../src/pass/ask-daemon.ts';
import { askLatestAudit } from '../../src/pass/latest-audit.ts';
import { watchDaemon, type Watched, type WatchWish } from '../../src/pass/watch-daemon.ts';
import { closeAll, makeFolder, startDaemon } from '../control/control-socket.ts';
import { aReport } from '../fixtures/audit-report.ts';
import { anEvent, aStatus, recordLog, someAnswers } from '../fixtures/daemon.ts';

afterEach(closeAll);

/** A daemon at a path that tells whoever watches these events. */
async function startTelling(path: string, events: readonly PortreeveEvent[]): Promise<ControlServer> {
  const answers = someAnswers({
    subscribe(listener) {
      events.forEach(listener);
      return () => undefined;
    },
  });
  return openControlServer({ path, group: null, answers, logger: recordLog().logger, clock: SYSTEM_CLOCK });
}

const wish = (socket: string, partial: Partial<WatchWish> = {}): WatchWish => ({ socket, kinds: null, minSeverity: null, retry: false, ...partial });

async function take(watch: AsyncGenerator<Watched, void, undefined>, number: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for (; taken.length < number; ) taken.push((await watch.next()).value);
  return taken;
}

describe('watchDaemon', () => {
  const mild = anEvent({ sequence: 1, severity: 'notice' });
  const bad = anEvent({ sequence: 2, severity: 'error' });

  it('gives the events that were wanted, and fails when the daemon goes', async () => {
    const path = join(makeFolder(), 's');
    const server = await startTelling(path, [mild, bad]);
    const watch = watchDaemon(wish(path, { minSeverity: 'warning' }));
    expect(await take(watch, 2)).toEqual([{ kind: 'watching' }, { kind: 'event', event: bad }]);
    await server.close();
    await expect(watch.next()).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${path}: the daemon has gone` });
    await expect(watchDaemon(wish(path)).next()).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${path}: no daemon runs here` });
  });

  it('with retry says once that the daemon is gone, and goes on when it is back', async () => {
    const path = join(makeFolder(), 's');
    let attempts = 0;
    let server: ControlServer | null = null;
    const wait = async (): Promise<void> => {
      attempts += 1;
      if (attempts === 3) server = await startTelling(path, [mild]);
      if (attempts === 6) server = await startTelling(path, [bad]);
    };
    const watch = watchDaemon(wish(path, { retry: true, wait }));
    expect(await take(watch, 3)).toEqual([{ kind: 'gone', reason: `${path}: no daemon runs here` }, { kind: 'watching' }, { kind: 'event', event: mild }]);
    await server!.close();
    expect(await take(watch, 3)).toEqual([{ kind: 'gone', reason: `${path}: the daemon has gone` }, { kind: 'watching' }, { kind: 'event', event: bad }]);
    await watch.return();
    await server!.close();
    expect(attempts).toBe(6);
  });

  it('ends with its signal', async () => {
    const { path } = await startDaemon();
    const controller = new AbortController();
    const watch = watchDaemon(wish(path, { retry: true, signal: controller.signal }));
    expect(await take(watch, 1)).toEqual([{ kind: 'watching' }]);
    controller.abort();
    expect((await watch.next()).done).toBe(true);
  });

  it('does not retry what waiting will not mend', async () => {
    const { path } = await startDaemon({ limits: { clients: 0 } });
    await expect(watchDaemon(wish(path, { retry: true })).next()).rejects.toMatchObject({ code: 'control-failed', message: 'the daemon refused: 0 clients are connected already' });
  });
});

describe('askStatus and askLatestAudit', () => {
  it('give what the daemon has', async () => {
    const latest = { report: aReport([]), ageMs: 7 };
    const { path } = await startDaemon({ answers: someAnswers({ audit: () => latest }) });
    expect(await askStatus(path)).toEqual(aStatus());
    expect(await askLatestAudit(path)).toEqual(latest);
  });

  it('say so where there is no audit yet', async () => {
    const { path } = await startDaemon();
    await expect(askLatestAudit(path)).rejects.toMatchObject({ code: 'daemon-unreachable', message: `${path}: the daemon has not finished its first audit yet` });
  });
});
