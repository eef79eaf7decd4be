import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../sinks/certificates.ts';
import type { Sandbox } from './sandbox.ts';

/** A syslog daemon from a configuration of the test's own, in a folder of its own, on loopback (of a sandbox, or of this host). */
export interface Receiver {
  readonly port: number;
  /** What it stored, a message a line, as it came off the wire. */
  lines(): readonly string[];
  start(): Promise<void>;
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export interface ReceiverOptions {
  readonly folder: string;
  /** `local`: a datagram socket `log.sock` in the folder; rsyslog alone. */
  readonly transport: 'local' | 'udp' | 'tcp' | 'tls';
  readonly framing?: 'octet-counting' | 'newline';
  readonly tls?: { readonly ca: string; readonly server: KeyPair };
  readonly sandbox?: Sandbox;
  /** Where it stores, if not in its folder. */
  readonly storage?: string;
}

/** Why a daemon cannot be had here, or null. Debian's packages rsyslog with rsyslog-gnutls, and syslog-ng-core. */
export function missingReceiver(name: 'rsyslogd' | 'syslog-ng'): string | null {
  return spawnSync(name === 'rsyslogd' ? 'rsyslogd' : syslogNg(), [name === 'rsyslogd' ? '-v' : '--version']).status === 0 ? null : `needs the command ${name}`;
}

export async function rsyslog(options: ReceiverOptions): Promise<Receiver> {
  const port = await freePort();
  const { folder, transport, tls, storage = folder } = options;
  const input = {
    local: `module(load="imuxsock" sysSock.use="off")\ninput(type="imuxsock" socket="${folder}/log.sock" rateLimit.interval="0" useSpecialParser="off" ruleset="store")`,
    udp: `module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="${port}" rcvbufSize="16m" ruleset="store")`,
    tcp: `module(load="imptcp")\ninput(type="imptcp" address="127.0.0.1" port="${port}" ruleset="store")`,
    tls: `module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")\ninput(type="imtcp" address="127.0.0.1" port="${port}" ruleset="store")`,
  }[transport];
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `global(workDirectory="${folder}" maxMessageSize="256k"${tls === undefined ? '' : ` defaultNetstreamDriverCAFile="${tls.ca}" defaultNetstreamDriverCertFile="${tls.server.cert}" defaultNetstreamDriverKeyFile="${tls.server.key}"`})
template(name="raw" type="list") { property(name="rawmsg") constant(value="\\n") }
ruleset(name="store") { action(type="omfile" file="${storage}/stored" template="raw") }
${input}
`,
  );
  return receiver({ ...options, port, command: ['rsyslogd', '-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')] });
}

export async function syslogNgReceiver(options: ReceiverOptions): Promise<Receiver> {
  const port = await freePort();
  const { folder, transport, tls, framing, storage = folder } = options;
  const secure = tls === undefined ? '' : ` tls(key-file("${tls.server.key}") cert-file("${tls.server.cert}") ca-file("${tls.ca}") peer-verify(required-trusted))`;
  const driver = framing === 'newline' || transport === 'udp' ? 'network' : 'syslog';
  writeFileSync(
    join(folder, 'syslog-ng.conf'),
    `@version: 3.38
options { log-msg-size(262144); stats-freq(0); time-reopen(1); };
source s { ${driver}(ip("127.0.0.1") port(${port}) transport("${transport}")${secure} flags(no-parse)${transport === 'udp' ? ' so-rcvbuf(16777216)' : ' log-iw-size(1000)'}); };
destination d { file("${storage}/stored" template("$MSG\\n")); };
log { source(s); destination(d); flags(flow-control); };
`,
  );
  return receiver({ ...options, port, command: [syslogNg(), '-F', '--no-caps', '-f', join(folder, 'syslog-ng.conf'), '-R', join(folder, 'persist'), '-p', join(folder, 'pid'), '-c', join(folder, 'control')] });
}

/** rsyslog and syslog-ng cannot both be installed on one Debian: the second may be unpacked elsewhere. */
function syslogNg(): string {
  return process.env['SYSLOG_NG'] ?? 'syslog-ng';
}

function receiver({ folder, port, transport, command, sandbox, storage = folder }: ReceiverOptions & { readonly port: number; readonly command: readonly string[] }): Receiver {
  let child: ChildProcess | null = null;
  const isReady = async (): Promise<boolean> => {
    if (transport === 'local') return existsSync(join(folder, 'log.sock'));
    return sandbox === undefined ? answers(port) : (await sandbox.run(['ss', '-Hltn', 'sport', '=', `:${port}`])).stdout !== '';
  };
  const signal = (name: NodeJS.Signals): void => {
    if (sandbox === undefined) child?.kill(name);
    else sandbox.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), name);
  };
  return {
    port,
    lines() {
      const path = join(sandbox?.root ?? '', storage, 'stored');
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    },
    async start() {
      const [program = '', ...args] = command;
      // nsenter stops with its child, and would not go on with it: a shell is between them.
      if (sandbox !== undefined) child = sandbox.spawn(['sh', '-c', '"$@" >/dev/null 2>&1 & wait', 'sh', ...command]);
      else child = spawn(program, args, { stdio: ['ignore', 'ignore', process.env['RECEIVER_DEBUG'] === undefined ? 'ignore' : 'inherit'] });
      if (transport === 'udp') await sleep(1500);
      else for (let tries = 0; !(await isReady()); tries++) if (tries > 200) throw new Error(`${program} does not listen on port ${port}`); else await sleep(25);
    },
    async kill() {
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      signal('SIGKILL');
      await ended;
      // Its number may soon be that of another process, which the next one would take for itself.
      rmSync(join(folder, 'pid'), { force: true });
    },
    signal,
  };
}

async function answers(port: number): Promise<boolean> {
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
