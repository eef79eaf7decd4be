import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import { sendReport } from '../../src/sinks/send-report.ts';
import { testSinks } from '../../src/sinks/test-sinks.ts';
import { aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';
import { aSyslogSink, fakeLogger } from './fakes.ts';
import { parseRfc5424 } from './syslog/parse-rfc5424.ts';

const surroundings = { clock: SYSTEM_CLOCK, logger: fakeLogger(), host: 'web1', patience: { connect: 2000, stall: 500, close: 500, refusal: 50 } };
const arrived: Buffer[] = [];
const server = createServer((socket) => socket.on('data', (bytes) => arrived.push(bytes)));

async function listen(): Promise<number> {
  arrived.length = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  server.close();
});

describe('an audit sent by itself', () => {
  it('is one message for each listener with a finding, worst first, and the summary last', async () => {
    const port = await listen();
    const outcome = await sendReport(aReport(webServer(), { coverage: partialCoverage() }), `tcp://127.0.0.1:${port}?framing=newline`, surroundings);
    expect(outcome).toEqual({ target: `tcp://127.0.0.1:${port}`, messages: 3, result: 'received' });
    const messages = Buffer.concat(arrived).toString().trim().split('\n').map((line) => parseRfc5424(Buffer.from(line)));
    expect(messages.map(({ msgId, params, message }) => [msgId, params['port'], message])).toEqual([
      ['reminder', '1302', 'Listener on a de-assigned port, reachable from other hosts: tcp 0.0.0.0:1302 (/opt/licd/bin/licd, licd.service)'],
      ['reminder', '8090', 'Listener on an unassigned port, reachable from other hosts: tcp [::]:8090 (/usr/lib/jvm/java-17-openjdk-amd64/bin/java, shop.service)'],
      ['agent', undefined, 'Audit: 8 listeners, 1 error, 1 warning; not everything could be seen'],
    ]);
    expect(messages[2]?.params).toMatchObject({ detailFrom: 'audit', detailListeners: '8', detailError: '1', detailExcepted: '1', detailComplete: 'false' });
  });

  it('fails with what happened and what to do', async () => {
    const port = await listen();
    server.close();
    const error: unknown = await sendReport(aReport([]), `tcp://127.0.0.1:${port}`, surroundings).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(PortreeveError);
    expect(error).toMatchObject({ code: 'sink-failed', hint: 'nothing listens there: does the receiver run, and is the port right?' });
  });
});

describe('a test of the sinks', () => {
  it('says of each what happened', async () => {
    const port = await listen();
    const sinks = [aSyslogSink({ name: 'good', port, resend: 0 }), aSyslogSink({ name: 'plain', transport: 'udp', port }), aSyslogSink({ name: 'bad', transport: 'tls', port, tls: { caFile: '/nonexistent', certFile: null, keyFile: null, serverName: null } })];
    const [good, plain, bad] = await testSinks(sinks, null, surroundings);
    expect(good).toMatchObject({ sink: 'good', type: 'syslog, tcp', result: 'received', detail: null, facts: { address: '127.0.0.1', port: String(port) } });
    expect(plain?.result).toBe('failed');
    expect(bad).toMatchObject({ result: 'failed', hint: 'there is nothing at that path' });
    expect(bad?.detail).toContain('cannot read the CA file /nonexistent');
    expect(parseRfc5424(Buffer.concat(arrived).subarray(4)).params['eventId']).toBe(good?.eventId);
  });

  it('knows the names of the sinks', async () => {
    expect(await testSinks([aSyslogSink({ name: 'a' })], 'b', surroundings).catch((cause: unknown) => cause)).toMatchObject({ code: 'usage', hint: 'the configuration has: a' });
  });
});
