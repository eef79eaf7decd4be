import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openControlServer } from '../../src/control/server.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { PeerCredentials } from '../../src/native/peer-credentials.ts';
import { recordLog, someAnswers } from '../fixtures/daemon.ts';
import { closeAll, connectRaw, makeFolder, startDaemon } from './control-socket.ts';

afterEach(closeAll);

const OWN_GID = process.getegid!();
const OWN_UID = process.geteuid!();
const peer = (partial: Partial<PeerCredentials>): PeerCredentials => ({ pid: 4711, uid: OWN_UID + 1234, gid: OWN_GID + 1234, groups: [OWN_GID + 1234], ...partial });
const ASK = '{"request":"status"}\n';

async function answerTo(credentials: PeerCredentials | null, group: string | null = null): Promise<unknown> {
  const { path } = await startDaemon({ group, readCredentials: () => credentials });
  const client = await connectRaw(path);
  client.write(ASK);
  return client.next();
}

describe('who is answered', () => {
  const group = String(OWN_GID);
  it.each([
    ['root', peer({ uid: 0, gid: 0, groups: [] }), null],
    ["the daemon's own user", peer({ uid: OWN_UID }), null],
    ['who has the group as his own', peer({ gid: OWN_GID, groups: [] }), group],
    ['a member of the group', peer({ groups: [4, OWN_GID, 27] }), group],
    ['whom the file mode let in, where the kernel does not tell groups', peer({ groups: null }), group],
  ])('is %s', async (_who, credentials, name) => {
    expect(await answerTo(credentials, name)).toMatchObject({ answer: 'status' });
  });

  it.each([
    ['another user', peer({}), group, `only root and the members of group ${group} may ask`],
    ['anyone else where there is no group', peer({ gid: OWN_GID, groups: [OWN_GID, 0] }), null, 'only root may ask'],
    ['whom the kernel does not know', null, group, `only root and the members of group ${group} may ask`],
  ])('is not %s', async (_who, credentials, name, message) => {
    expect(await answerTo(credentials, name)).toEqual({ answer: 'error', message });
  });

  it('is told in the log where it was not, once a minute at most', async () => {
    let now = 0;
    const clock: Clock = { now: () => new Date(), steady: () => now };
    const { path, log, server } = await startDaemon({ clock, readCredentials: () => peer({}) });
    const refuse = async () => (await connectRaw(path)).rest();
    for (let times = 0; times < 3; times++) await refuse();
    now = 60_000;
    await refuse();
    const line = (count: number) => ({ level: 'warning', message: 'control clients were refused', fields: { count, reason: 'only root may ask', uid: OWN_UID + 1234 } });
    expect(log).toEqual([line(1), line(3)]);
    expect(server.clients).toBe(0);
  });

  it('is decided by the file mode alone where the kernel cannot be asked, and the log says so', async () => {
    const { path, log } = await startDaemon({ readCredentials: null });
    expect(log).toEqual([{ level: 'warning', message: 'who connects to the control socket cannot be verified: its file mode alone decides', fields: { path } }]);
    const client = await connectRaw(path);
    client.write(ASK);
    expect(await client.next()).toMatchObject({ answer: 'status' });
  });
});

describe('how many are answered', () => {
  const crowd = async (path: string, size: number) => Promise.all(Array.from({ length: size }, () => connectRaw(path)));

  it('is bounded, and who leaves makes room', async () => {
    const { path, server } = await startDaemon({ limits: { clients: 3 } });
    const [first] = await crowd(path, 3);
    await expect.poll(() => server.clients).toBe(3);
    expect(await (await connectRaw(path)).rest()).toEqual([{ answer: 'error', message: '3 clients are connected already' }]);
    first!.socket.destroy();
    await expect.poll(() => server.clients).toBe(2);
    const next = await connectRaw(path);
    next.write(ASK);
    expect(await next.next()).toMatchObject({ answer: 'status' });
  });

  it('leaves room for root, whatever another user does', async () => {
    let uid = OWN_UID + 1;
    const { path, server } = await startDaemon({ group: String(OWN_GID), limits: { clients: 4, clientsPerUser: 2 }, readCredentials: () => peer({ uid, gid: OWN_GID }) });
    await crowd(path, 2);
    await expect.poll(() => server.clients).toBe(2);
    expect(await (await connectRaw(path)).rest()).toEqual([{ answer: 'error', message: '2 clients of this user are connected already' }]);
    uid = 0;
    const root = await connectRaw(path);
    root.write(ASK);
    expect(await root.next()).toMatchObject({ answer: 'status' });
  });

  it('survives 10,000 connections that ask for nothing', async () => {
    const { path, server } = await startDaemon({ limits: { idleMs: 20, clientsPerUser: 16 } });
    const outcomes = new Set<string>();
    for (let round = 0; round < 100; round++) {
      const clients = await crowd(path, 100);
      for (const client of clients) client.write('{"request":');
      for (const client of clients) outcomes.add(JSON.stringify(await client.rest()));
    }
    expect([...outcomes].sort()).toEqual(['[{"answer":"error","message":"16 clients are connected already"}]', '[{"answer":"error","message":"no request came within 0.02 s"}]']);
    await expect.poll(() => server.clients, { timeout: 5000 }).toBe(0);
    const client = await connectRaw(path);
    client.write(ASK);
    expect(await client.next()).toMatchObject({ answer: 'status' });
  }, 120_000);
});

describe('the socket file', () => {
  const mode = (path: string) => lstatSync(path).mode & 0o777;
  const open = (path: string, group: string | null = null, groupFile?: string) =>
    openControlServer({ path, group, answers: someAnswers(), logger: recordLog().logger, clock: { now: () => new Date(), steady: () => 0 }, ...(groupFile === undefined ? {} : { groupFile }) });

  it('is for its owner alone, and nothing else is left beside it', async () => {
    const { path, folder } = await startDaemon();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(mode(path)).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['control.sock']);
  });

  it('is for the group too, by its name', async () => {
    const groupFile = join(makeFolder(), 'group');
    writeFileSync(groupFile, `root:x:0:\nbroken\nnetops:x:${OWN_GID}:alice,bob\n`);
    const { path } = await startDaemon({ group: 'netops', groupFile });
    expect(mode(path)).toBe(0o660);
    expect(lstatSync(path).gid).toBe(OWN_GID);
  });

  it('is for its owner alone where there is no such group, and the log says so', async () => {
    const { path, log } = await startDaemon({ group: 'no-such-group', groupFile: '/nonexistent' });
    expect(mode(path)).toBe(0o600);
    expect(log).toContainEqual({ level: 'warning', message: 'the control socket is for its owner alone: the group cannot be given it', fields: { path, group: 'no-such-group' } });
  });

  it('is taken away at the end, and only if it is still ours', async () => {
    const first = await startDaemon();
    await first.server.close();
    expect(readdirSync(first.folder)).toEqual([]);

    const second = await startDaemon();
    renameSync(second.path, `${second.path}.moved`);
    const successor = await open(second.path);
    await second.server.close();
    expect(lstatSync(second.path).isSocket()).toBe(true);
    await successor.close();
    expect(existsSync(second.path)).toBe(false);
  });

  it('of a dead daemon is replaced', async () => {
    const { path } = await startDaemon();
    // A socket whose listener is gone, as kill -9 leaves it.
    const dead = createServer().listen(`${path}.dead`);
    await once(dead, 'listening');
    renameSync(`${path}.dead`, `${path}.left`);
    dead.close();
    await once(dead, 'close');
    await expect(connectRaw(`${path}.left`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const next = await open(`${path}.left`);
    const client = await connectRaw(`${path}.left`);
    client.write(ASK);
    expect(await client.next()).toMatchObject({ answer: 'status' });
    client.socket.destroy();
    await next.close();
  });

  it('of a live daemon is left as it is', async () => {
    const { path, folder } = await startDaemon();
    await expect(open(path)).rejects.toMatchObject({ code: 'daemon-running', message: expect.stringContaining(path) as string });
    const client = await connectRaw(path);
    client.write(ASK);
    expect(await client.next()).toMatchObject({ answer: 'status' });
    expect(readdirSync(folder)).toEqual(['control.sock']);
  });

  it('goes to one of several that start at once', async () => {
    const folder = makeFolder();
    const path = join(folder, 'control.sock');
    const started = await Promise.allSettled(Array.from({ length: 8 }, () => open(path)));
    const open_ = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(open_).toHaveLength(1);
    expect(started.flatMap((each) => (each.status === 'rejected' ? [(each.reason as { code: string }).code] : []))).toEqual(Array(7).fill('daemon-running'));
    expect(readdirSync(folder)).toEqual(['control.sock']);
    await Promise.all(open_.map((server) => server.close()));
  });

  it.each([
    ['a file', (path: string) => { writeFileSync(path, 'precious'); }],
    ['a folder', (path: string) => { mkdirSync(path); }],
    ['a link', (path: string) => { symlinkSync('/etc/passwd', path); }],
  ])('is not put in place of %s', async (_what, put) => {
    const folder = makeFolder();
    const path = join(folder, 'control.sock');
    put(path);
    await expect(open(path)).rejects.toMatchObject({ code: 'control-failed', message: `the control socket ${path} is a file, not a socket: it is left as it is` });
    expect(readdirSync(folder)).toEqual(['control.sock']);
    expect(lstatSync(path).isSocket()).toBe(false);
  });

  it('is not made where others could replace it', async () => {
    const folder = makeFolder();
    chmodSync(folder, 0o777);
    await expect(open(join(folder, 's'))).rejects.toMatchObject({ code: 'control-failed', message: `the control socket ${folder}/s is not safe there: ${folder} can be written by others` });
    chmodSync(folder, 0o1777);
    await (await open(join(folder, 's'))).close();
  });

  it('is refused with a reason where it cannot be', async () => {
    const folder = makeFolder();
    await expect(open(join(folder, 'x'.repeat(120)))).rejects.toMatchObject({ code: 'control-failed', message: expect.stringMatching(/is too long: a socket's path has 98 bytes at most$/) as string });
    await expect(open(join(folder, 'none', 's'))).rejects.toMatchObject({ code: 'control-failed', message: `the control socket ${folder}/none/s cannot be made: there is no folder ${folder}/none (ENOENT)` });
  });
});
