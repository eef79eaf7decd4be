// The same events over TCP to an rsyslog that is killed and restarted meanwhile: portreeve's sink, and pino-socket with its
// recovery queue. pino-socket is fetched into a temporary folder:
//   node test/bench/against-pino-socket.mjs [--events 10000] [--kills 10]
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bundleProgram, openRsyslog } from './rsyslog.mjs';

const { values } = parseArgs({ options: { events: { type: 'string', default: '10000' }, kills: { type: 'string', default: '10' } } });
const [EVENTS, KILLS] = [Number(values.events), Number(values.kills)];
/** Twenty events at a time, a thousand a second. */
const PACE = `const PACE = { burst: 20, pause: 20 };`;

/** Appends to the daemon's event log, which the sink reads. */
const PORTREEVE = `
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SYSTEM_CLOCK } from './src/model/clock.ts';
import { createSinks } from './src/sinks/create-sinks.ts';
import { openCursorStore } from './src/state/cursor-store.ts';
import { openEventLog } from './src/state/event-log.ts';
import { aDraft, aSyslogSink } from './test/sinks/fakes.ts';
${PACE}
const [folder, port, count] = process.argv.slice(2);
const silent = () => undefined;
const logger = { debug: silent, info: silent, warning: silent, error: silent };
const log = await openEventLog({ folder: join(folder, 'events'), maxBytes: 64 << 20, maxAgeMs: 86_400_000, host: 'web1', clock: SYSTEM_CLOCK, logger });
const cursors = await openCursorStore({ folder: join(folder, 'cursors'), logger });
const sinks = createSinks([aSyslogSink({ port: Number(port), framing: 'newline' })], { reader: log, cursors, clock: SYSTEM_CLOCK, logger, begin: 0, report: silent });
log.subscribe(() => { sinks.wake(); });
while (log.newest < Number(count)) {
  await log.append(Array.from({ length: PACE.burst }, () => aDraft()));
  await sleep(PACE.pause);
}
console.log('appended');
`;

/** The messages, made beforehand. */
const MESSAGES = `
import { writeFileSync } from 'node:fs';
import { formatMessage } from './src/sinks/syslog/format-message.ts';
import { anEvent, aSyslogSink } from './test/sinks/fakes.ts';
const [file, count] = process.argv.slice(2);
const sink = aSyslogSink({ framing: 'newline' });
writeFileSync(file, Array.from({ length: Number(count) }, (_, index) => formatMessage({ event: anEvent({ sequence: index + 1 }), possibleDuplicate: false }, sink, 1) + '\\n').join(''));
`;

const PINO = `
const { readFileSync } = require('node:fs');
const transport = require('pino-socket');
${PACE}
const [file, port, queue] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').split('\\n').slice(0, -1);
(async () => {
  const stream = await transport({ mode: 'tcp', address: '127.0.0.1', port: Number(port), reconnect: true, recovery: true, ...(queue === '' ? {} : { recoveryQueueMaxSize: Number(queue) }) });
  stream.on('error', () => undefined);
  for (let at = 0; at < lines.length; at += PACE.burst) {
    for (const line of lines.slice(at, at + PACE.burst)) stream.write(line + '\\n');
    await new Promise((resolve) => setTimeout(resolve, PACE.pause));
  }
  console.log('appended');
})();
`;

const folder = mkdtempSync(join(tmpdir(), 'portreeve-against-'));
const programs = [];
try {
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder, 'pino-socket@8.0.0'], { stdio: 'inherit' });
  writeFileSync(join(folder, 'pino.cjs'), PINO);
  const messages = join(folder, 'messages');
  programs.push(await bundleProgram(MESSAGES));
  execFileSync(process.execPath, [programs[0], messages, String(EVENTS)]);
  programs.push(await bundleProgram(PORTREEVE));
  const contestants = {
    'portreeve, resend 10 s': (port) => [programs[1], mkdtempSync(join(folder, 'state-')), port, String(EVENTS)],
    'pino-socket 8.0.0, recovery queue as it comes (1024 octets)': (port) => [join(folder, 'pino.cjs'), messages, port, ''],
    'pino-socket 8.0.0, recovery queue of 64 MiB': (port) => [join(folder, 'pino.cjs'), messages, port, String(64 << 20)],
  };
  console.log(`| ${EVENTS} events in ${EVENTS / 1000} s, receiver killed and restarted ${KILLS} times | arrived | lost | twice, marked | twice, not marked | out of order | the sender |\n|---|---|---|---|---|---|---|`);
  for (const [name, command] of Object.entries(contestants)) console.log(`| ${name} | ${Object.values(await contend(command)).join(' | ')} |`);
} finally {
  for (const file of [folder, ...programs]) rmSync(file, { recursive: true, force: true });
}

async function contend(command) {
  const place = mkdtempSync(join(folder, 'receiver-'));
  const receiver = await openRsyslog(place);
  const agent = spawn(process.execPath, command(String(receiver.port)), { stdio: ['ignore', 'pipe', 'ignore'] });
  const appended = once(agent.stdout, 'data');
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(EVENTS / (KILLS + 1));
    await receiver.kill();
    await sleep([0, 100, 300, 700][kill % 4]);
    await receiver.start();
  }
  const hung = await Promise.race([appended.then(() => false), sleep(20_000).then(() => true)]);
  // Time to send what waits: until nothing more has come for longer than the sink's proof, a retry and the other's longest wait.
  for (let before = -1; before !== receiver.count(); await sleep(hung ? 1000 : 22_000)) before = receiver.count();
  agent.kill('SIGKILL');
  await receiver.kill();
  return { ...judge(receiver.lines()), end: hung ? 'hung' : 'went on' };
}

function judge(lines) {
  const seen = new Set();
  let highest = 0;
  let [marked, unmarked, disordered] = [0, 0, 0];
  for (const line of lines) {
    const sequence = Number(/ sequence="(\d+)"/.exec(line)?.[1]);
    // Half a line that a killed connection left is no message.
    if (!Number.isInteger(sequence) || !/^<\d+>1 .*\)$/.test(line)) continue;
    if (seen.has(sequence)) line.includes(' possibleDuplicate="true"') ? marked++ : unmarked++;
    else if (sequence < highest) disordered++;
    seen.add(sequence);
    highest = Math.max(highest, sequence);
  }
  return { arrived: seen.size, lost: EVENTS - seen.size, marked, unmarked, disordered };
}
