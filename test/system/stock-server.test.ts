import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import { severityRank } from '../../src/model/severity.ts';
import { DEBIAN_ROOT, LEAVE_NOTHING, makeDebianRoot, MAKE_SECONDS } from './machine.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { FIXTURES, REPOSITORY } from './sandbox.ts';
import { parseSs } from './ss.ts';

const BOOT_SECONDS = 100;

/** Protocol, port, addresses; then the name, unit and users of all its owners. */
const EXPECTED: readonly (readonly [string, number, readonly string[], string, string, readonly string[]])[] = [
  ['tcp', 22, ['0.0.0.0', '::'], 'sshd', 'ssh.service', ['root']],
  ['tcp', 53, ['127.0.0.53', '127.0.0.54'], 'systemd-resolve', 'systemd-resolved.service', ['systemd-resolve']],
  ['udp', 53, ['127.0.0.53', '127.0.0.54'], 'systemd-resolve', 'systemd-resolved.service', ['systemd-resolve']],
  ['tcp', 80, ['0.0.0.0', '::'], 'nginx', 'nginx.service', ['root', 'www-data']],
  ['udp', 123, ['0.0.0.0'], 'chronyd', 'chrony.service', ['_chrony']],
  ['udp', 323, ['127.0.0.1', '::1'], 'chronyd', 'chrony.service', ['_chrony']],
  ['tcp', 514, ['0.0.0.0', '::'], 'rsyslogd', 'rsyslog.service', ['root']],
  ['udp', 514, ['0.0.0.0', '::'], 'rsyslogd', 'rsyslog.service', ['root']],
  ['tcp', 5355, ['0.0.0.0', '::'], 'systemd-resolve', 'systemd-resolved.service', ['systemd-resolve']],
  ['udp', 5355, ['0.0.0.0', '::'], 'systemd-resolve', 'systemd-resolved.service', ['systemd-resolve']],
  ['tcp', 5432, ['127.0.0.1', '::1'], 'postgres', 'postgresql@15-main.service', ['postgres']],
];

const MOMENTS = ['stock', 'stock-procfs', 'ssh-waiting', 'ssh-started'] as const;
type Moment = (typeof MOMENTS)[number];

describeUnless(missingForSandbox(['debootstrap', 'systemd-nspawn']), 'a stock Debian server, booted', () => {
  let results: string;
  const read = (name: string) => readFileSync(join(results, name), 'utf8');
  const reportOf = (moment: Moment) => JSON.parse(read(`${moment}.json`)) as AuditReport;
  const listenersOf = (moment: Moment, protocol: string, port: number) => reportOf(moment).listeners.filter((listener) => listener.protocol === protocol && listener.port === port);

  beforeAll(async () => {
    await makeDebianRoot();
    results = mkdtempSync(join(tmpdir(), 'portreeve-stock-server-'));
    const console = await boot(results);
    expect(() => read('ssh-started.code'), console).not.toThrow();
    expect(read('missing'), 'what the server did not open').toBe('\n');
  }, (MAKE_SECONDS + BOOT_SECONDS + 20) * 1000);

  afterAll(() => {
    rmSync(results, { recursive: true, force: true });
  });

  it.each(['stock', 'stock-procfs'] as const)('has no finding of warning or above (%s)', (moment) => {
    const worth = reportOf(moment).listeners.flatMap(({ id, findings }) =>
      findings.filter(({ severity, excepted }) => excepted === null && severityRank(severity) >= severityRank('warning')).map(({ rule }) => `${rule}: ${id}`),
    );
    expect(worth).toEqual([]);
    expect(read(`${moment}.code`)).toBe('0\n');
    expect(read(`${moment}.stderr`)).toBe('');
  });

  it.each(MOMENTS)('is covered completely (%s)', (moment) => {
    const { coverage } = reportOf(moment);
    expect(coverage.gaps.filter(({ hides }) => hides !== 'details')).toEqual([]);
    expect(coverage.complete).toBe(true);
  });

  it.each(EXPECTED)('has %s/%i with its owner, unit and user', (protocol, port, addresses, name, unit, users) => {
    const found = listenersOf('stock', protocol, port);
    expect(found.map(({ address }) => address).sort()).toEqual(addresses);
    for (const { owners, activation } of found) {
      expect(new Set(owners.map((owner) => owner.name))).toEqual(new Set([name]));
      expect(new Set(owners.map((owner) => owner.unit))).toEqual(new Set([unit]));
      expect([...new Set(owners.map((owner) => owner.user))].sort()).toEqual(users);
      expect(owners.every(({ exe, exeDeleted, startedAt }) => exe?.startsWith('/usr/') === true && exeDeleted === false && startedAt !== null)).toBe(true);
      expect(activation).toBeNull();
    }
  });

  it('has nothing else', () => {
    const expected = EXPECTED.map(([protocol, port]) => `${protocol}/${port}`).sort();
    expect([...new Set(reportOf('stock').listeners.map(({ protocol, port }) => `${protocol}/${port}`))].sort()).toEqual(expected);
  });

  it.each(MOMENTS)('gives the listeners of ss, and at least its pids (%s)', (moment) => {
    const place = (row: { protocol: string; address: string; port: number | null }) => `${row.protocol} [${row.address}]:${row.port}`;
    const theirs = parseSs(read(`${moment}.ss`));
    const ours = new Map(reportOf(moment).listeners.map((listener) => [place(listener), listener]));
    expect([...ours.keys()].sort()).toEqual(theirs.map(place).sort());
    for (const row of theirs) {
      expect(row.pids.length).toBeGreaterThan(0);
      expect(ours.get(place(row))?.owners.map(({ pid }) => pid), place(row)).toEqual(expect.arrayContaining([...row.pids]));
    }
  });

  describe('with ssh.socket in the place of ssh.service', () => {
    const onPort22 = (moment: Moment): AuditedListener => {
      const found = listenersOf(moment, 'tcp', 22);
      expect(found).toHaveLength(1);
      return found[0]!;
    };

    it('names the unit and its service, not only systemd, before the first connection', () => {
      const listener = onPort22('ssh-waiting');
      expect(listener).toMatchObject({ address: '::', dualStack: true, activation: { unit: 'ssh.socket', service: 'ssh.service' } });
      expect(listener.owners).toMatchObject([{ pid: 1, name: 'systemd', unit: 'ssh.socket' }]);
    });

    it('names the service beside systemd once a connection has started it', () => {
      expect(read('banner')).toContain('SSH-2.0-');
      const listener = onPort22('ssh-started');
      expect(listener.activation).toEqual({ unit: 'ssh.socket', service: 'ssh.service' });
      expect(listener.owners.map(({ name, unit }) => [name, unit])).toEqual([
        ['systemd', 'ssh.socket'],
        ['sshd', 'ssh.service'],
      ]);
    });

    it('is one listener with one identity, started or not, and has no finding', () => {
      expect(onPort22('ssh-started').id).toBe(onPort22('ssh-waiting').id);
      expect(onPort22('ssh-waiting').findings).toEqual([]);
      expect(onPort22('ssh-started').findings).toEqual([]);
    });
  });
});

/** Boots the root over a layer of memory, so that it stays as it was made. Gives what was said on the console. */
async function boot(results: string): Promise<string> {
  const nspawn = [
    ...['systemd-nspawn', '-q', '-D', DEBIAN_ROOT, '--volatile=overlay', '--register=no', '--keep-unit'],
    ...['--private-network', '--capability=all', '--console=pipe', `--bind=${results}:/results`],
    ...[`--bind-ro=${process.execPath}:/opt/node`, `--bind-ro=${REPOSITORY}:/opt/portreeve`],
    `--bind-ro=${FIXTURES}/stock-server/audit.service:/etc/systemd/system/audit.service`,
    `--bind-ro=${FIXTURES}/stock-server/wants-audit.conf:/etc/systemd/system/multi-user.target.d/wants-audit.conf`,
    '--boot',
  ];
  const withOwnRun = ['sh', '-c', 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"', 'sh'];
  const { stdout, stderr } = await runCommand('unshare', [...LEAVE_NOTHING, ...withOwnRun, ...nspawn], { seconds: BOOT_SECONDS });
  return (stdout + stderr).slice(-4000);
}
