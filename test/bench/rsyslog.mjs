// An rsyslog of the benchmark's own on loopback, which stores what it gets as it came, a message a line; and programs of this
// repository's parts, bundled for one run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import './let-reader-leave.mjs';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export async function openRsyslog(folder) {
  const port = await freePort();
  const stored = join(folder, 'stored');
  const socket = join(folder, 'log.sock');
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `global(workDirectory="${folder}" maxMessageSize="64k")
module(load="imptcp")
module(load="imuxsock" sysSock.use="off")
template(name="raw" type="list") { property(name="rawmsg") constant(value="\\n") }
ruleset(name="store") { action(type="omfile" file="${stored}" template="raw") }
input(type="imptcp" address="127.0.0.1" port="${port}" ruleset="store")
input(type="imuxsock" socket="${socket}" rateLimit.interval="0" useSpecialParser="off" parseHostname="on" ruleset="store")
`,
  );
  const buffer = Buffer.alloc(1 << 20);
  let file = null;
  let counted = 0;
  let child = null;
  const receiver = {
    port,
    socket,
    lines: () => (existsSync(stored) ? readFileSync(stored, 'utf8').split('\n').slice(0, -1) : []),
    /** Lines so far; only what is new is read, so that it may be asked often. */
    count() {
      if (file === null && existsSync(stored)) file = openSync(stored, 'r');
      for (let read = 1; file !== null && read > 0; ) {
        read = readSync(file, buffer, 0, buffer.length, null);
        for (let at = buffer.indexOf(10); at >= 0 && at < read; at = buffer.indexOf(10, at + 1)) counted++;
      }
      return counted;
    },
    async start() {
      child = spawn('rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], { stdio: 'ignore' });
      while (!(await answers(port))) await sleep(10);
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  await receiver.start();
  return receiver;
}

/** Bundles a program that imports from `src/` and `test/`; gives the file. */
export async function bundleProgram(source) {
  const outfile = join(repository, 'node_modules/.cache/portreeve', `bench-${process.pid}-${performance.now()}.mjs`);
  await build({ stdin: { contents: source, resolveDir: repository, loader: 'ts' }, outfile, bundle: true, platform: 'node', format: 'esm', external: ['koffi', '@koromix/*'], logLevel: 'silent' });
  return outfile;
}

async function answers(port) {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
