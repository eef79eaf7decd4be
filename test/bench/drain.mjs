// How fast the event log drains into a local rsyslog, beside `logger -f` of the same messages, each until rsyslog has stored all; and
// what an event costs the sender, which tells more where other work takes the processors:
//   node test/bench/drain.mjs [--events 50000] [--rounds 3]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bundleProgram, openRsyslog } from './rsyslog.mjs';

const { values } = parseArgs({ options: { events: { type: 'string', default: '50000' }, rounds: { type: 'string', default: '3' } } });
const EVENTS = Number(values.events);

/** The daemon's own event log and sinks: `fill` writes the events and the file for logger, `drain` sends them. */
const PROGRAM = `
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from './src/model/clock.ts';
import { createSinks } from './src/sinks/create-sinks.ts';
import { formatMessage } from './src/sinks/syslog/format-message.ts';
import { openCursorStore } from './src/state/cursor-store.ts';
import { openEventLog } from './src/state/event-log.ts';
import { aDraft, aSyslogSink } from './test/sinks/fakes.ts';

const [what, folder, count, transport, target] = process.argv.slice(2);
const silent = () => undefined;
const logger = { debug: silent, info: silent, warning: console.error, error: console.error };
const log = await openEventLog({ folder: join(folder, 'events'), maxBytes: 1 << 30, maxAgeMs: 86_400_000, host: 'web1', clock: SYSTEM_CLOCK, logger });
const sink = (how) => aSyslogSink({ transport: how, ...(how === 'tcp' ? { port: Number(target) } : { path: target, format: 'rfc3164', framing: 'newline' }) });
if (what === 'fill') {
  for (let left = Number(count); left > 0; left -= 500) await log.append(Array.from({ length: Math.min(500, left) }, () => aDraft()));
  const lines = [];
  for (let after = 0; after < log.newest; ) {
    const events = await log.readAfter(after, 1000);
    after = events.at(-1).sequence;
    for (const event of events) lines.push(formatMessage({ event, possibleDuplicate: false }, sink('tcp'), process.pid));
  }
  writeFileSync(join(folder, 'messages'), lines.map((line) => line + '\\n').join(''));
  await log.close();
} else {
  const cursors = await openCursorStore({ folder: join(folder, 'cursors-' + process.pid), logger });
  process.stdout.write('ready\\n');
  const sinks = createSinks([sink(transport)], { reader: log, cursors, clock: SYSTEM_CLOCK, logger, begin: 0, report: silent });
  const before = process.cpuUsage();
  process.on('SIGTERM', () => {
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(String(user + system), () => process.exit(0));
  });
  setInterval(() => undefined, 60_000);
  void sinks;
}
`;

const folder = mkdtempSync(join(tmpdir(), 'portreeve-drain-'));
const program = await bundleProgram(PROGRAM);
try {
  run(process.execPath, [program, 'fill', folder, String(EVENTS)]);
  const results = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const transport of ['tcp', 'local']) {
      (results[`portreeve, ${transport}`] ??= []).push(await time(({ port, socket }) => [process.execPath, [program, 'drain', folder, '', transport, String(transport === 'tcp' ? port : socket)]]));
      (results[`logger -f, ${transport}`] ??= []).push(await time(({ port, socket }) => ['logger', ['-f', join(folder, 'messages'), '-S', '8192', ...(transport === 'tcp' ? ['-n', '127.0.0.1', '-T', '-P', String(port), '--octet-count'] : ['-u', socket])]]));
    }
  }
  const perSecond = (runs) => Math.round(EVENTS / median(runs.map(({ seconds }) => seconds)));
  for (const transport of ['tcp', 'local']) {
    const [ours, theirs] = [perSecond(results[`portreeve, ${transport}`]), perSecond(results[`logger -f, ${transport}`])];
    const cost = median(results[`portreeve, ${transport}`].map(({ cpu }) => cpu / EVENTS));
    console.log(`${transport.padEnd(6)} portreeve ${String(ours).padStart(7)} events/s   logger -f ${String(theirs).padStart(7)} messages/s   ratio ${(ours / theirs).toFixed(2)}   CPU ${cost.toFixed(1)} us/event`);
    if (transport === 'tcp' && ours < 20_000) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(program, { force: true });
}

/** Seconds until all is stored; from the start of logger, and from where the event log is open. And microseconds of CPU that portreeve took. */
async function time(command) {
  const place = mkdtempSync(join(folder, 'receiver-'));
  const receiver = await openRsyslog(place);
  const [name, args] = command(receiver);
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  if (name !== 'logger') await once(child.stdout, 'data');
  let output = '';
  child.stdout.on('data', (bytes) => (output += bytes));
  const start = performance.now();
  while (receiver.count() < EVENTS) {
    await sleep(10);
    if (performance.now() - start > 60_000) throw new Error(`${name}: ${receiver.count()} of ${EVENTS} arrived in a minute`);
  }
  const seconds = (performance.now() - start) / 1000;
  child.kill();
  await ended;
  await receiver.kill();
  rmSync(place, { recursive: true, force: true });
  return { seconds, cpu: Number(output) };
}

function run(name, args) {
  if (spawnSync(name, args, { stdio: 'inherit' }).status !== 0) throw new Error(`${name} failed`);
}

function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1];
}
