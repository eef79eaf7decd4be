import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { MISSING_FOR_CERTIFICATES } from '../sinks/certificates.ts';
import { missingReceiver } from './receivers.ts';
import { missingForSandbox, missingInterfaceKind } from './requirements.ts';
import { HASTY, pause, startDaemon, type RunningDaemon } from './running-daemon.ts';
import { openSandbox, REPOSITORY, type Sandbox } from './sandbox.ts';

export const SERVER = 'logs.example';
const DOCS = '/run/portreeve/docs/fleet';

const SYSLOG_NG = process.env['SYSLOG_NG'] ?? 'syslog-ng';
const RSYSLOG_MODULES = ['ompgsql', 'mmpstrucdata', 'lmnsd_gtls'];

/** Debian's packages rsyslog, rsyslog-gnutls, rsyslog-pgsql, postgresql and openssl; syslog-ng with its SQL module and libdbd-pgsql. */
export function missingForFleet(): string | null {
  const overlay = readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n') ? null : 'the kernel lacks overlay file systems';
  return missingForSandbox(['psql', 'runuser']) ?? overlay ?? missingInterfaceKind('veth', 'peer', 'name', 'other') ?? MISSING_FOR_CERTIFICATES ?? missingReceiver('rsyslogd') ?? missingReceiver('syslog-ng') ?? missingFiles();
}

function missingFiles(): string | null {
  const [libraries] = ['/usr/lib'].flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('-linux-gnu')).map((name) => join(folder, name))).filter((folder) => existsSync(join(folder, 'rsyslog')));
  const wanted = [...RSYSLOG_MODULES.map((name) => `rsyslog/${name}.so`), 'dbd/libdbdpgsql.so'].map((name) => join(libraries ?? '/usr/lib', name));
  const missing = [...wanted, '/usr/lib/postgresql'].filter((file) => !existsSync(file));
  return missing.length === 0 ? null : `needs ${missing.join(', ')}`;
}

/** A log server made of docs/fleet, and hosts that send to it: a sandbox each, with a cable from each host to the server. */
export interface Fleet {
  readonly server: Sandbox;
  readonly hosts: ReadonlyMap<string, FleetHost>;
  /** Rows of a query as psql gives them, columns with `|` between. */
  query(sql: string): Promise<readonly string[]>;
  /** The same with a file of docs/fleet. */
  queryFile(name: string): Promise<readonly string[]>;
  database(action: 'start' | 'stop'): Promise<void>;
  startRsyslog(): Promise<void>;
  startSyslogNg(): Promise<void>;
  /** Ends the one that runs, as a crash would. */
  stopServer(): Promise<void>;
  /** Lines of the file that the log server writes. */
  readFile(): Promise<readonly string[]>;
  /** Sends octets to the log server with the certificate of a host; gives the exit code of openssl. */
  sendAs(name: string, octets: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

export interface FleetHost {
  readonly sandbox: Sandbox;
  readonly daemon: RunningDaemon;
  /** A listener on the IPv4 wildcard; gives its pid inside. */
  listen(port: number): Promise<number>;
  /** What its event log has. */
  history(): Promise<readonly PortreeveEvent[]>;
}

export async function openFleet(names: readonly string[]): Promise<Fleet> {
  const server = await openSandbox();
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-fleet-'));
  const hosts = new Map<string, FleetHost>();
  await must(server, ['sh', '/run/portreeve/test/system/fleet-server.sh', DOCS, SERVER, ...names]);
  for (const [index, name] of names.entries()) hosts.set(name, await openHost(server, folder, name, index + 1));

  const psql = async (...args: readonly string[]): Promise<readonly string[]> => {
    const rows = await must(server, ['runuser', '-u', 'postgres', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', 'portreeve', ...args]);
    return rows.split('\n').slice(0, -1);
  };
  /** Runs in the foreground, and answers when this is over. */
  const serve = async (command: readonly string[]): Promise<void> => {
    server.spawn(['sh', '-c', 'echo $$ >/run/log-server.pid; exec "$@" 2>>/run/log-server.log', 'sh', ...command]);
    await must(server, ['sh', '-c', 'for try in $(seq 200); do ss -Hltn "sport = :6514" | grep -q . && exit 0; sleep 0.05; done; cat /run/log-server.log >&2; exit 1']);
  };
  return {
    server,
    hosts,
    query: (sql) => psql('-c', sql),
    queryFile: (name) => psql('-f', `${DOCS}/${name}`),
    async database(action) {
      await must(server, ['sh', '/run/database/control', action]);
    },
    startRsyslog: () => serve(['rsyslogd', '-n', '-iNONE']),
    startSyslogNg: () => serve([SYSLOG_NG, '-F', '--no-caps', '-f', '/etc/portreeve-logs/syslog-ng.conf', '-R', '/run/syslog-ng.persist', '-p', '/run/syslog-ng.pid', '-c', '/run/syslog-ng.control']),
    async stopServer() {
      await must(server, ['sh', '-c', 'kill -KILL "$(cat /run/log-server.pid)"; while kill -0 "$(cat /run/log-server.pid)" 2>/dev/null; do sleep 0.05; done']);
    },
    readFile: async () => (await must(server, ['cat', '/var/log/portreeve-hosts.json'])).split('\n').slice(0, -1),
    async sendAs(name, octets) {
      const file = join(folder, 'octets');
      writeFileSync(file, octets);
      const tls = '-connect 10.93.1.1:6514 -servername logs.example -CAfile /etc/portreeve/tls/ca.pem -cert /etc/portreeve/tls/host.pem -key /etc/portreeve/tls/host.key';
      const { code } = await hosts.get(name)!.sandbox.run(['sh', '-c', `(cat "$0"; sleep 1) | openssl s_client -quiet -no_ign_eof ${tls}`, file]);
      return code;
    },
    async close() {
      for (const { daemon, sandbox } of hosts.values()) {
        await daemon.close();
        await sandbox.close();
      }
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openHost(server: Sandbox, folder: string, name: string, index: number): Promise<FleetHost> {
  const sandbox = await openSandbox();
  await must(sandbox, ['sh', '/run/portreeve/test/system/fleet-layers.sh']);
  await connect(server, sandbox, index);
  await must(sandbox, ['sh', '-c', 'mkdir -p /etc/portreeve/tls; echo "$1" >>/etc/hosts', 'sh', `10.93.${index}.1 ${SERVER}`]);
  for (const [from, to] of [['ca.pem', 'ca.pem'], [`${name}.pem`, 'host.pem'], [`${name}.key`, 'host.key']] as const) {
    const text = await must(server, ['cat', `/etc/portreeve-logs/${from}`]);
    await must(sandbox, ['sh', '-c', 'umask 077; printf %s "$1" >"/etc/portreeve/tls/$2"', 'sh', text, to]);
  }
  // The host's own file; state, socket and patience are the test's.
  const own = join(folder, name);
  mkdirSync(own);
  const config = `${readFileSync(join(REPOSITORY, 'docs/fleet/portreeve.yaml'), 'utf8')}state: { dir: ${own}/state }\ncontrol: { socket: ${own}/control.sock }\n${HASTY}`;
  writeFileSync(join(own, 'portreeve.yaml'), config, { mode: 0o600 });
  const daemon = await startDaemon(sandbox, {
    options: ['--config', join(own, 'portreeve.yaml')],
    before: ['unshare', '-u', 'sh', '-c', 'hostname "$0"; exec "$@"', name],
  });
  return {
    sandbox,
    daemon,
    listen: async (port) => (await sandbox.start<{ pid: number }>('listen.py', [String(port)])).pid,
    async history() {
      const { stdout } = await sandbox.portreeve(['history', '--format', 'ndjson', '--state-dir', `${own}/state`]);
      return stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as PortreeveEvent);
    },
  };
}

/** A cable between two sandboxes: the server's end is 10.93.INDEX.1, the host's 10.93.INDEX.2. */
async function connect(server: Sandbox, host: Sandbox, index: number): Promise<void> {
  const near = await enter(server);
  const far = await enter(host);
  execFileSync('nsenter', ['-t', near, '-n', 'ip', 'link', 'add', `host${index}`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', far]);
  await must(server, ['sh', '-ec', `ip address add 10.93.${index}.1/24 dev host${index}; ip link set host${index} up`]);
  await must(host, ['sh', '-ec', `ip address add 10.93.${index}.2/24 dev uplink; ip link set uplink up`]);
}

/** A pid, as it is out here, of a process in the sandbox's network. */
async function enter(sandbox: Sandbox): Promise<string> {
  const { pid } = sandbox.spawn(['sleep', '30']);
  const network = (process: string): string => readlinkSync(`/proc/${process}/ns/net`);
  while (network(String(pid)) === network('self')) await pause(0.01);
  return String(pid);
}

/** Standard output of a command that has to end well. */
async function must(sandbox: Sandbox, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.run(command);
  if (code !== 0) throw new Error(`${command.slice(0, 4).join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
