import { afterAll, beforeAll, expect, it } from 'vitest';
import { missingForFleet, openFleet, SERVER, type Fleet } from './fleet.ts';
import { describeUnless } from './requirements.ts';
import { pause } from './running-daemon.ts';

/** Both are de-assigned; 8080 is not. */
const [FIRST, SECOND] = [1302, 1301];

describeUnless(missingForFleet(), 'a fleet, set up by the files of the manual', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await openFleet(['web1', 'web2', 'db1']);
  });
  afterAll(() => fleet.close());

  const host = (name: string) => fleet.hosts.get(name)!;
  /** The documented answer, as `host port`. */
  const deAssigned = async (): Promise<readonly string[]> => (await fleet.queryFile('de-assigned.sql')).map((row) => row.split('|')).map(([name, , , port]) => `${name} ${port}`).sort();
  const until = async (expected: readonly string[], seconds = 20): Promise<void> => {
    const end = Date.now() + seconds * 1000;
    while (String(await deAssigned()) !== String(expected) && Date.now() < end) await pause(0.2);
    expect(await deAssigned()).toEqual(expected);
  };

  it('tells which hosts listen on a de-assigned port, and since when', async () => {
    await fleet.startRsyslog();
    await host('web1').listen(FIRST);
    await host('web2').listen(8080);
    await host('db1').listen(SECOND);
    const gone = await host('web2').listen(FIRST);
    await until(['db1 1301', 'web1 1302', 'web2 1302']);
    host('web2').sandbox.kill(gone, 'SIGKILL');
    await until(['db1 1301', 'web1 1302']);

    const [first] = (await fleet.queryFile('de-assigned.sql')).filter((row) => row.startsWith('web1'));
    const [, protocol, address, , owner, since] = first?.split('|') ?? [];
    expect([protocol, address, owner]).toEqual(['tcp', '0.0.0.0', expect.stringMatching(/^\/usr\/bin\/python3/)]);
    const opened = (await host('web1').history()).find(({ kind, listener }) => kind === 'opened' && listener?.port === FIRST);
    expect(new Date(since ?? '').toISOString()).toBe(opened?.alert?.openedAt);
    expect(await fleet.query("SELECT DISTINCT host, peer FROM portreeve.events ORDER BY host")).toEqual(['db1|10.93.3.2', 'web1|10.93.1.2', 'web2|10.93.2.2']);
    expect(await fleet.query('SELECT * FROM portreeve.rejected')).toEqual([]);
  });

  it('has the same events in the file, all fields of them', async () => {
    const lines = (await fleet.readFile()).map((line) => JSON.parse(line) as { host: string; kind: string; data: Record<string, string> });
    expect(lines).toContainEqual(expect.objectContaining({ host: 'web1', kind: 'opened', data: expect.objectContaining({ port: '1302', status: 'de-assigned', rule: 'de-assigned-exposed' }) as unknown }));
    expect(lines.filter(({ host, kind, data }) => host === 'web2' && kind === 'resolved' && data['port'] === '1302')).toHaveLength(1);
  });

  it('keeps what comes while the database is away, and a host sends while the log server is', async () => {
    await fleet.database('stop');
    await host('web2').listen(FIRST);
    await pause(1);
    await fleet.database('start');
    await until(['db1 1301', 'web1 1302', 'web2 1302']);
    await fleet.stopServer();
    await host('web1').listen(SECOND);
    await pause(1);
    await fleet.startRsyslog();
    await until(['db1 1301', 'web1 1301', 'web1 1302', 'web2 1302']);
  });

  it('lets nobody hold up the others: what is no event is put aside, and who has no certificate is not let in', async () => {
    const bad = Buffer.from('<27>1 2026-11-22T04:53:57Z web1 portreeve 1 opened [portreeve@32473 eventId="\xff\xfe" port="x"] \xff\'; --', 'latin1');
    expect(await fleet.sendAs('web1', Buffer.concat([Buffer.from(`${bad.length} `), bad]))).toBe(0);
    const stranger = await host('db1').sandbox.portreeve(['audit', '--now', '--syslog', `tls://${SERVER}:6514?ca=/etc/portreeve/tls/ca.pem`], ['unshare', '-u', 'sh', '-c', 'hostname "$0"; exec "$@"', 'stranger']);
    expect(stranger.stderr).toContain('could not be sent');
    expect(stranger.code).toBe(3);
    await host('db1').listen(FIRST);
    await until(['db1 1301', 'db1 1302', 'web1 1301', 'web1 1302', 'web2 1302']);
    expect(await fleet.query('SELECT peer, reason FROM portreeve.rejected')).toEqual(['10.93.1.2|invalid byte sequence for encoding "UTF8": 0xff']);
    expect(await fleet.query("SELECT count(*) FROM portreeve.events WHERE host = 'stranger'")).toEqual(['0']);
  });

  it('gives the same answer with syslog-ng as the log server', async () => {
    await fleet.stopServer();
    await fleet.startSyslogNg();
    const closed = await host('db1').listen(1028);
    await until(['db1 1028', 'db1 1301', 'db1 1302', 'web1 1301', 'web1 1302', 'web2 1302']);
    host('db1').sandbox.kill(closed, 'SIGKILL');
    await until(['db1 1301', 'db1 1302', 'web1 1301', 'web1 1302', 'web2 1302']);
    const own = (await fleet.readFile()).map((line) => JSON.parse(line) as { host: string; data: { port?: string } }).filter(({ host: from, data }) => from === 'db1' && data.port === '1028');
    expect(own.at(-1)).toMatchObject({ host: 'db1', kind: 'resolved', data: { port: '1028', status: 'de-assigned' } });
  });
});
