import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import type { Severity } from '../../src/model/severity.ts';
import { bootMachine, makeDebianRoot, MAKE_SECONDS, type Machine } from './machine.ts';
import { describeUnless, missingForSandbox, missingInterfaceKind } from './requirements.ts';
import { openSandbox, PYTHON, REPOSITORY, type Sandbox } from './sandbox.ts';

/** Something that listens, and what a person who knows the host would say of it. */
interface Situation {
  readonly what: string;
  readonly because: string;
  /** `tcp/22`; `udp/ephemeral` for what the holder has in the host's ephemeral range. */
  readonly at: string;
  /** Process, `kernel`, or `UNIT of SERVICE` for a socket that waits. */
  readonly holder: string;
  /** By rule. Empty: all is well. */
  readonly findings: Readonly<Record<string, Severity>>;
}

const ON_A_SERVER: readonly Situation[] = [
  {
    what: 'sshd on 22, on every address',
    because: 'the one port that every server is meant to have open, held by the program that belongs there',
    at: 'tcp/22', holder: 'sshd', findings: {},
  },
  {
    what: 'PostgreSQL on loopback',
    because: 'its own port, its own program, and nobody else can reach it',
    at: 'tcp/5432', holder: 'postgres', findings: {},
  },
  {
    what: 'nginx on 80',
    because: 'a web server on the port of the web',
    at: 'tcp/80', holder: 'nginx', findings: {},
  },
  {
    what: 'nginx on 443',
    because: 'a web server on the port of the web over TLS',
    at: 'tcp/443', holder: 'nginx', findings: {},
  },
  {
    what: 'nc on 1302, from a copy in /tmp that was deleted',
    because: 'a withdrawn number, a program that anyone could have put there, that hides by deleting itself, and that passes on whatever it is sent: four faults, each worth its own answer',
    at: 'tcp/1302', holder: 'nc',
    findings: { 'de-assigned-exposed': 'error', 'exe-deleted-exposed': 'error', 'exe-temporary-exposed': 'error', 'netcat-exposed': 'warning' },
  },
  {
    what: 'a socket unit on 9418, which is assigned to git',
    because: 'the unit says who will answer, and the number is the registered one',
    at: 'tcp/9418', holder: 'git.socket of git.service', findings: {},
  },
  {
    what: 'a socket unit on 10276',
    because: 'that systemd holds it makes an unassigned number no better: whoever connects starts something that nobody can name from the port',
    at: 'tcp/10276', holder: 'quiet.socket of quiet.service', findings: { 'unassigned-exposed': 'warning' },
  },
];

/** What the stock server does not have by itself. */
const FURNISH = `
  unit() { cat >/etc/systemd/system/"$1"; }
  cat >/etc/nginx/sites-enabled/tls <<'CONF'
  server {
    listen 443 ssl;
    listen [::]:443 ssl;
    ssl_certificate /etc/ssl/certs/ssl-cert-snakeoil.pem;
    ssl_certificate_key /etc/ssl/private/ssl-cert-snakeoil.key;
  }
CONF
  systemctl reload nginx
  for socket in git:9418 quiet:10276; do
    printf '[Socket]\\nListenStream=%s\\n' "\${socket#*:}" | unit "\${socket%:*}.socket"
    printf '[Service]\\nExecStart=/bin/cat\\n' | unit "\${socket%:*}.service"
  done
  systemctl daemon-reload
  systemctl start git.socket quiet.socket
  cp /usr/bin/nc.openbsd /tmp/nc
  systemd-run -q --unit=leftover /tmp/nc -l 1302
  for port in 22 80 443 1302 5432; do
    for attempt in $(seq 100); do [ -n "$(ss -Htln "sport = :$port")" ] && break; sleep 0.1; done
  done
  rm /tmp/nc`;

/** A program that goes into memory and listens from there. */
const IN_MEMORY = `
import os, shutil
memory = os.memfd_create('update', 0)
with open('${PYTHON}', 'rb') as program, os.fdopen(os.dup(memory), 'wb') as copy:
    shutil.copyfileobj(program, copy)
os.execv(f'/proc/self/fd/{memory}', ['update', '-c', '''
import socket, signal
with open('/proc/self/comm', 'w') as name: name.write('update')
opened = socket.create_server(('', 443))
signal.pause()'''])`;
/** As unbound and dig ask: not connected, so that the kernel shows it like a server's. The server never answers. */
const ASK_FOR_A_NAME = `
import socket
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.sendto(b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\3com\\0\\0\\1\\0\\1', ('192.0.2.53', 53))
asking.recv(512)`;
/** A network, and on it a name server's address to which packets go and from which nothing comes. */
const NETWORK = `
  ip link add eth0 type veth peer name far
  ip address add 192.0.2.10/24 dev eth0
  ip link set far up
  ip link set eth0 up
  ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:53 dev eth0`;

interface Built extends Situation {
  /** The command that brings it about. */
  readonly start: readonly string[];
  /** What it needs and is not here, or null. */
  readonly missing?: string | null;
}

const VXLAN = ['vxlan', 'id', '42', 'dstport', '4789'] as const;
const missingVxlan = missingInterfaceKind(...VXLAN);

const IN_A_SANDBOX: readonly Built[] = [
  {
    what: 'python3 -m http.server on 10276, on every address',
    because: 'someone shares a folder with the world on a number that nobody registered: ask him; but nothing is broken into',
    at: 'tcp/10276', holder: 'python3', findings: { 'unassigned-exposed': 'warning' },
    start: [PYTHON, '-m', 'http.server', '10276'],
  },
  {
    what: 'a program in memory on 443',
    because: 'the port is one that firewalls let through, and the program took care to leave no file: drop other work',
    at: 'tcp/443', holder: 'update', findings: { 'exe-memfd': 'critical' },
    start: [PYTHON, '-c', IN_MEMORY],
  },
  {
    what: 'something on 5432 that is not PostgreSQL',
    because: 'who connects to the database gives this program his password, be it on loopback; it may also be an honest test server',
    at: 'tcp/5432', holder: 'python3', findings: { 'postgresql-owner': 'warning' },
    start: [PYTHON, '-m', 'http.server', '5432', '--bind', '127.0.0.1'],
  },
  {
    what: "a JVM's RMI port, which is another one at each start",
    because: 'worth a glance, since other hosts reach it; but a warning at each start of a JVM would be turned off within a week',
    at: 'tcp/ephemeral', holder: 'java', findings: { 'ephemeral-exposed': 'notice' },
    start: ['sh', '-c', 'exec java -m java.rmi/sun.rmi.registry.RegistryImpl 0 2>/dev/null'],
    missing: missingForSandbox(['java']),
  },
  {
    what: "a DNS client's socket that waits for its answer",
    because: 'it is no server, and will be gone in a moment; the kernel cannot tell it from one, so it is shown and no more',
    at: 'udp/ephemeral', holder: 'python3', findings: { 'ephemeral-udp': 'info' },
    start: [PYTHON, '-c', ASK_FOR_A_NAME],
  },
  {
    what: 'VXLAN on 4789',
    because: 'the kernel on the registered number of its tunnel: no process is missing, and nothing is odd',
    at: 'udp/4789', holder: 'kernel', findings: {},
    start: ['sh', '-c', `ip link add known type ${VXLAN.join(' ')} dev lo && ip link set known up`],
    missing: missingVxlan,
  },
  {
    what: 'VXLAN on 10276',
    because: 'an administrator gave the tunnel a number of his own: a glance, to see that it is written down',
    at: 'udp/10276', holder: 'kernel', findings: { 'kernel-listener-off-registry': 'notice' },
    start: ['sh', '-c', 'ip link add own type vxlan id 43 dstport 10276 dev lo && ip link set own up'],
    missing: missingVxlan,
  },
  {
    what: 'WireGuard on a port that the kernel chose',
    because: 'it works, until a client has the port at the moment the tunnel is set up: worth knowing',
    at: 'udp/ephemeral', holder: 'kernel', findings: { 'ephemeral-kernel': 'info' },
    start: ['sh', '-c', 'ip link add wg0 type wireguard && ip link set wg0 up'],
    missing: missingInterfaceKind('wireguard'),
  },
];

const holderOf = ({ ownerKind, owners, activation }: AuditedListener) =>
  activation !== null ? `${activation.unit} of ${activation.service}` : ownerKind === 'process' ? [...new Set(owners.map(({ name }) => name))].join() : ownerKind;

const isIt = (listener: AuditedListener, { at, holder }: Situation) =>
  at === `${listener.protocol}/${listener.port}` || (listener.ephemeral === true && at === `${listener.protocol}/ephemeral` && holder === holderOf(listener));

function expectSituation(report: AuditReport, situation: Situation): void {
  const { holder, findings } = situation;
  const found = report.listeners.filter((listener) => isIt(listener, situation));
  expect(found.length).toBeGreaterThan(0);
  for (const listener of found) {
    expect(holderOf(listener)).toBe(holder);
    expect(Object.fromEntries(listener.findings.map(({ rule, severity, excepted }) => [rule, excepted === null ? severity : `${severity}, excepted`]))).toEqual(findings);
  }
}

describeUnless(missingForSandbox(['debootstrap', 'systemd-nspawn']), 'on a booted Debian server', () => {
  let machine: Machine;
  let report: AuditReport;

  beforeAll(async () => {
    await makeDebianRoot();
    machine = await bootMachine([`--bind-ro=${process.execPath}:/opt/node`, `--bind-ro=${REPOSITORY}:/opt/portreeve`]);
    await machine.bash(FURNISH);
    const audit = await machine.run(['/opt/node', '/opt/portreeve/dist/bin/portreeve.cjs', 'audit', '--now', '--format', 'json']);
    report = JSON.parse(audit.stdout) as AuditReport;
  }, (MAKE_SECONDS + 60) * 1000);

  afterAll(async () => {
    await machine.close();
  });

  for (const situation of ON_A_SERVER) {
    it(`${situation.what}: ${situation.because}`, () => {
      expectSituation(report, situation);
    });
  }
});

describeUnless(missingForSandbox(), 'in a sandbox', () => {
  let sandbox: Sandbox;
  let report: AuditReport;

  beforeAll(async () => {
    sandbox = await openSandbox();
    expect(await sandbox.run(['sh', '-euc', NETWORK])).toMatchObject({ code: 0, stderr: '' });
    const built = IN_A_SANDBOX.filter(({ missing = null }) => missing === null);
    for (const { start } of built) sandbox.spawn(start);
    for (const limit = performance.now() + 20_000; ; ) {
      const { listeners } = (report = await sandbox.audit());
      if (built.every((situation) => listeners.some((listener) => isIt(listener, situation))) || performance.now() > limit) break;
    }
  });

  afterAll(() => sandbox.close());

  for (const { missing = null, ...situation } of IN_A_SANDBOX) {
    it.skipIf(missing !== null)(`${situation.what}: ${situation.because}${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
      expectSituation(report, situation);
    });
  }

  it('does not show a DNS client that is connected to its server: nobody else can reach that', async () => {
    const ask = "const { Resolver } = require('node:dns'); const resolver = new Resolver(); resolver.setServers(['192.0.2.53']); resolver.resolve4('example.com', () => {});";
    sandbox.spawn([sandbox.command[0] ?? '', '-e', ask]);
    // ss looks at the processes first: it names none for a socket that came since.
    let pid = NaN;
    for (const limit = performance.now() + 10_000; Number.isNaN(pid) && performance.now() < limit; ) pid = Number(/pid=(\d+)/.exec((await sandbox.run(['ss', '-Hunp', 'state', 'connected', 'dst', '192.0.2.53'])).stdout)?.[1]);
    expect(pid).toBeGreaterThan(0);
    const { listeners } = await sandbox.audit();
    expect(listeners.flatMap(({ owners }) => owners.map((owner) => owner.pid))).not.toContain(pid);
  });
});
