import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import type { SinkStatus } from '../../src/model/daemon.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import type { Owner } from '../../src/model/listener.ts';
import { bootMachine, makeDebianRoot, MAKE_SECONDS, type Machine } from './machine.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { FIXTURES, PYTHON, REPOSITORY } from './sandbox.ts';

const PACKAGE = '/usr/lib/node_modules/portreeve';
const UNIT = '/etc/systemd/system/portreeve.service';
/** Nothing waits to settle, and the local syslog server is told too. */
const CONFIGURATION = `version: 1
alerts:
  settle: { critical: 0s, error: 0s, warning: 0s, notice: 0s, info: 0s }
sinks:
  - { type: journal, name: journal }
  - { type: syslog, name: syslog }
`;
const KILLS = 20;

/** One booted machine goes through the life of the service; each test goes on where the last one ended. */
describeUnless(missingForSandbox(['debootstrap', 'systemd-nspawn']), 'the service on a booted Debian', () => {
  let machine: Machine;
  let before: string;
  const bash = (script: string) => machine.bash(script);
  const microseconds = async (unit: string, property: string) => Number(await bash(`systemctl show -P ${property} ${unit}`));
  /** Asks until it is so, and gives the answer. */
  const until = async <T>(ask: () => Promise<T>, isSo: (answer: T) => boolean, seconds = 10): Promise<T> => {
    const limit = performance.now() + seconds * 1000;
    for (;;) {
      const answer = await ask();
      if (isSo(answer) || performance.now() > limit) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const parseLines = <T>(text: string) => text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T);
  const readEvents = async () => parseLines<PortreeveEvent>(await bash('cat /var/lib/portreeve/events/events-*.jsonl'));
  const alertsOf = async (port: number) => (await readEvents()).filter(({ audience, listener }) => audience === 'alert' && listener?.port === port).map(({ kind }) => kind);
  const journalOf = async (...matches: readonly string[]) => parseLines<Record<string, string>>(await bash(`journalctl -q -o json ${matches.join(' ')}`));
  const configure = (name: string, text: string) => bash(`mkdir -p ${UNIT}.d; printf '${text}' >${UNIT}.d/${name}.conf; systemctl daemon-reload; systemctl restart portreeve`);
  const listFiles = () => bash('find /etc /usr/local /var/lib/portreeve /var/log/portreeve /run/portreeve ! -type d ! -path "/etc/systemd/system/*.wants/*" ! -name "*-" 2>/dev/null | sort || true');

  beforeAll(async () => {
    await makeDebianRoot();
    machine = await bootMachine([`--bind-ro=${process.execPath}:/usr/local/bin/node`, `--bind-ro=${REPOSITORY}:${PACKAGE}`]);
    await bash(`
      [ -d /sys/kernel/tracing/instances ] || mount -t tracefs none /sys/kernel/tracing
      ln -s ${PACKAGE}/dist/bin/portreeve.cjs /usr/local/bin/portreeve
      bash ${PACKAGE}/test/system/fixtures/service/listeners.sh /usr/local/bin/node`);
    before = await listFiles();
  }, (MAKE_SECONDS + 40) * 1000);

  afterAll(async () => {
    await machine.close();
  });

  it('is planned first, and nothing is done without a word', async () => {
    const { code, stdout } = await machine.run(['portreeve', 'install-service']);
    expect(code).toBe(0);
    expect(stdout).toContain(`write  ${UNIT}\n`);
    expect(stdout).toContain('Nothing was done. To do it, add --yes.');
    expect(await listFiles()).toBe(before);
  });

  it('is installed, and ready within two seconds', async () => {
    const { code, stdout, stderr } = await machine.run(['portreeve', 'install-service', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('run    systemctl restart portreeve.service\n');
    expect(await bash('systemctl is-active portreeve; systemctl is-enabled portreeve')).toBe('active\nenabled');
    const readyAfter = async () => (await microseconds('portreeve', 'ActiveEnterTimestampMonotonic')) - (await microseconds('portreeve', 'InactiveExitTimestampMonotonic'));
    // The fastest of three: what else runs on this machine is no part of the promise.
    let fastest = await readyAfter();
    for (let again = 0; again < 2 && fastest > 2_000_000; again += 1) {
      await bash('systemctl restart portreeve');
      fastest = Math.min(fastest, await readyAfter());
    }
    expect(fastest).toBeLessThan(2_000_000);
    expect(await bash('journalctl --list-catalog | grep -ci portreeve')).toMatch(/^[1-9]/);
    expect(await bash('systemctl show -P StatusText portreeve')).toMatch(/^\d+ listeners, \d+ errors?/);
  });

  it('has nothing to write when installed again, and goes on running', async () => {
    const pid = await bash('systemctl show -P MainPID portreeve');
    expect((await machine.run(['portreeve', 'install-service'])).stdout).toMatch(/^Every file is in place\.\n/);
    await bash('portreeve install-service --yes');
    expect(await bash('systemctl show -P MainPID portreeve')).toBe(pid);
  });

  it('is at 2.0 or below for systemd-analyze security', async () => {
    for (const unit of ['portreeve.service', `${PACKAGE}/systemd/portreeve-audit.service`]) {
      const said = await bash(`systemd-analyze security --no-pager ${unit.startsWith('/') ? `--offline=yes ${unit}` : unit} | tail -1`);
      expect(Number(/: ([\d.]+) /.exec(said)?.[1]), said).toBeLessThanOrEqual(2);
    }
  });

  it('is told of by the kernel, inside its sandbox', async () => {
    expect((JSON.parse(await bash('portreeve status --format json')) as { kernelEvents: { mode: string } }).kernelEvents.mode).toBe('tracefs');
  });

  describe('names every owner that root finds outside the sandbox', () => {
    /** What belongs to the process, as both see it. */
    const describeOwner = ({ pid, name, exe, exeDeleted, exeReplaced, exeForeign, uid, user, unit, container }: Owner) => ({ pid, name, exe, exeDeleted, exeReplaced, exeForeign, uid, user, unit, container });
    const describeAudit = ({ listeners }: AuditReport) =>
      Object.fromEntries(listeners.map(({ id, netns, owners, findings }) => [id, { netns: netns.name, owners: owners.map(describeOwner), rules: findings.map(({ rule }) => rule) }]));
    let inside: AuditReport;
    let outside: AuditReport;
    beforeAll(async () => {
      // A namespace that comes later: its file is mounted while the service runs.
      await bash('ip netns add later; systemd-run -q --unit=listen-13020 -p NetworkNamespacePath=/run/netns/later /home/licd /srv/listen.js 13020');
      await until(() => bash('portreeve audit --format json || true'), (text) => text.includes('"port": 13020') || text.includes('"port":13020'), 70);
      inside = JSON.parse(await bash('portreeve audit --format json || true')) as AuditReport;
      outside = JSON.parse(await bash('portreeve audit --now --format json || true')) as AuditReport;
    }, 80_000);

    it('alike', () => {
      expect(inside.coverage.complete).toBe(true);
      expect(Object.keys(describeAudit(inside)).length).toBeGreaterThan(17);
      expect(describeAudit(inside)).toEqual(describeAudit(outside));
      expect(inside.listeners.filter(({ ownerKind }) => ownerKind === 'unknown')).toEqual([]);
    });

    it.each([
      [13001, { exe: '/tmp/licd', exeDeleted: false, exeForeign: false }],
      [13002, { exe: '/home/licd', exeDeleted: false, exeForeign: false }],
      [13006, { exe: '/dev/shm/licd', exeDeleted: false, exeForeign: false }],
      [13008, { exe: '/tmp/deleted', exeDeleted: true, exeReplaced: false }],
      [13009, { exe: '/home/replaced', exeDeleted: true, exeReplaced: true }],
      [13013, { exe: '/home/joe/licd', exeForeign: false, user: 'joe' }],
      [13014, { exe: '/tmp/licd', exeForeign: false }],
      [13015, { exe: '/usr/sbin/nginx', exeForeign: true }],
      [13016, { exe: '/tmp/own', exeForeign: true }],
    ])('and as it is: the program on port %i', (port, owner) => {
      expect(inside.listeners.filter((listener) => listener.port === port).map(({ owners }) => owners)).toMatchObject([[owner]]);
    });
  });

  it('takes a new configuration on reload', async () => {
    await bash(`cat >/etc/portreeve/portreeve.yaml <<'END'\n${CONFIGURATION}END\nsystemctl reload portreeve`);
    const status = () => bash('portreeve status --format json');
    const text = await until(status, (answer) => answer.includes('"syslog"'));
    expect((JSON.parse(text) as { sinks: { name: string }[] }).sinks.map(({ name }) => name)).toEqual(['journal', 'syslog']);
  });

  it('tells of `nc -l 1302` in the journal and through rsyslog within a second', async () => {
    const written = await bash(`
      systemd-run -q --unit=nc nc -l 1302
      for _ in $(seq 300); do grep -q 'portreeve.*:1302 ' /var/log/syslog && break; sleep 0.01; done
      date +%s%6N`);
    const started = Date.parse(await bash("date -u -d \"$(systemctl show -P ExecMainStartTimestamp nc)\" +%Y-%m-%dT%H:%M:%SZ"));
    const opened = await until(() => journalOf('PORTREEVE_KIND=opened', 'PORTREEVE_PORT=1302'), (entries) => entries.length > 0);
    expect(opened).toMatchObject([{ PRIORITY: '3', SYSLOG_IDENTIFIER: 'portreeve', PORTREEVE_STATUS: 'de-assigned', PORTREEVE_UNIT: 'nc.service', PORTREEVE_EXE: '/usr/bin/nc.openbsd' }]);
    const start = await microseconds('nc', 'ExecMainStartTimestampMonotonic');
    expect(Number(opened[0]?.['__MONOTONIC_TIMESTAMP']) - start).toBeLessThan(1_000_000);
    // The start is told in whole seconds of the wall clock.
    expect(Number(written) / 1000 - started).toBeLessThan(2000);
    // By the journal sink, for journald hands everything on; and by the syslog sink, with its structured data.
    expect(await until(() => bash("grep -c 'portreeve.*:1302 ' /var/log/syslog"), (count) => count === '2')).toBe('2');
    expect(await bash("grep -c 'portreeve.*:1302 .*portreeve@32473.*status=\"de-assigned\"' /var/log/syslog")).toBe('1');
  });

  it('says nothing when nc is restarted', async () => {
    const alerts = await alertsOf(1302);
    await bash('systemctl stop nc; sleep 1.5; systemd-run -q --unit=nc nc -l 1302; sleep 3');
    expect(await alertsOf(1302)).toEqual(alerts);
    expect(alerts).toEqual(['opened']);
  });

  it('keeps its policy where the new rules are bad, and says so', async () => {
    const { policy } = JSON.parse(await bash('portreeve status --format json')) as { policy: { rules: number } };
    await bash('echo "version: 1\nrules: [{ id: x, title: x, match: { prot: 1302 }, severity: error }]" >/etc/portreeve/rules.d/bad.yaml; systemctl reload portreeve');
    const said = await until(() => bash('journalctl -q -o cat -u portreeve -p err'), (text) => text.includes('bad.yaml'));
    expect(said).toContain('/etc/portreeve/rules.d/bad.yaml:2:');
    const status = JSON.parse(await bash('portreeve status --format json || true')) as { policy: { rules: number }; lastReload: { ok: boolean } };
    expect(status).toMatchObject({ policy: { rules: policy.rules }, lastReload: { ok: false } });
    await bash('rm /etc/portreeve/rules.d/bad.yaml; systemctl reload portreeve');
    await until(() => bash('portreeve status --format json || true'), (text) => /"ok": ?true/.test(text));
  });

  it('is restarted by the watchdog when it hangs, and repeats no alert', async () => {
    await configure('watchdog', '[Service]\\nWatchdogSec=3\\n');
    const alerts = (await readEvents()).filter(({ kind }) => kind === 'opened').length;
    await bash('kill -STOP "$(systemctl show -P MainPID portreeve)"');
    const restarts = await until(() => bash('systemctl show -P NRestarts portreeve'), (count) => count === '1', 15);
    expect(restarts).toBe('1');
    expect(await until(() => bash('systemctl is-active portreeve || true'), (state) => state === 'active')).toBe('active');
    expect(await bash('journalctl -q -o cat -u portreeve')).toContain('Watchdog timeout');
    await bash('sleep 2');
    expect((await readEvents()).filter(({ kind }) => kind === 'opened')).toHaveLength(alerts);
  });

  it('is restarted as well when its main loop alone hangs, and all its other threads run on', async () => {
    const before = Number(await bash('systemctl show -P NRestarts portreeve'));
    const pid = await bash('systemctl show -P MainPID portreeve');
    const holder = spawn(PYTHON, [join(FIXTURES, 'stop-main-thread.py'), pid, 'portreeve'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [states] = (await once(holder.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(JSON.parse(states)).toEqual({ main: 't', others: expect.stringMatching(/^[SR]{4,}$/) as string });
    expect(await until(async () => Number(await bash('systemctl show -P NRestarts portreeve')), (count) => count > before, 15)).toBe(before + 1);
    await until(() => bash('systemctl is-active portreeve || true'), (state) => state === 'active');
    holder.kill();
  });

  it(`loses nothing and repeats nothing when killed ${KILLS} times while listeners come and go`, async () => {
    await configure('restart', '[Service]\\nRestartSec=100ms\\n');
    // Unassigned, all of them.
    const [first, count] = [14_510, 40];
    await bash(`systemd-run -q --unit=churn /usr/local/bin/node ${PACKAGE}/test/system/fixtures/service/churn.mjs ${first} ${count} 450`);
    await machine.bash(
      // Now and then before it is ready again.
      `killed=0
      for _ in $(seq ${KILLS}); do
        sleep "$((RANDOM % 2)).$((RANDOM % 10))"
        until pid=$(systemctl show -P MainPID portreeve); [ "$pid" != 0 ] && [ "$pid" != "$killed" ]; do sleep 0.02; done
        kill -KILL "$pid"
        killed=$pid
      done
      until [ "$(systemctl is-active portreeve)" = active ]; do sleep 0.1; done
      until [ "$(ss -Htln | grep -c ':145[1-4][0-9]')" -ge ${count} ]; do sleep 0.1; done
      sleep 3`,
      { seconds: 70 },
    );
    expect(Number(await bash('systemctl show -P NRestarts portreeve'))).toBe(KILLS);

    const events = await readEvents();
    const sequences = events.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const staying = Array.from({ length: count }, (_, index) => first + index);
    const openings = new Map(staying.map((port) => [port, events.filter(({ kind, listener }) => kind === 'opened' && listener?.port === port)]));
    expect(staying.filter((port) => openings.get(port)?.length !== 1), 'ports that were not told of just once').toEqual([]);
    const told = new Set((await journalOf('PORTREEVE_KIND=opened')).map((entry) => entry['PORTREEVE_EVENT_ID']));
    expect([...openings.values()].flat().filter(({ id }) => !told.has(id)).map(({ sequence }) => sequence), 'alerts that the journal does not have').toEqual([]);

    const last = new Map<string, string>();
    const twice = events.filter(({ kind, alert }) => {
      if (alert === null || (kind !== 'opened' && kind !== 'resolved')) return false;
      const again = last.get(alert.id) === kind;
      last.set(alert.id, kind);
      return again;
    });
    expect(twice.map(({ kind, alert }) => `${kind} ${alert?.id ?? ''}`)).toEqual([]);
    expect(await bash('find /var/lib/portreeve -name "*unreadable*" -o -name "*foreign*"')).toBe('');
  }, 90_000);

  it('opens connections only where that was asked for', async () => {
    await bash(`systemctl stop churn; cat >/etc/portreeve/portreeve.yaml <<'END'\n${CONFIGURATION}  - { type: syslog, name: remote, transport: tcp, host: 127.0.0.1, port: 514 }\nEND
      systemctl reload portreeve; sleep 0.5; systemd-run -q --unit=other-nc nc -l 10276`);
    const remote = async () => (JSON.parse(await bash('portreeve status --format json || true')) as { sinks: SinkStatus[] }).sinks.find(({ name }) => name === 'remote');
    expect(await until(remote, (sink) => (sink?.error ?? null) !== null)).toMatchObject({ sent: 0, state: 'waiting', error: expect.stringMatching(/EAFNOSUPPORT|EPERM|EACCES/) as string });
    const { code, stdout, stderr } = await machine.run(['portreeve', 'install-service', '--network', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`write  ${UNIT}.d/network.conf\n`);
    expect((await until(remote, (sink) => (sink?.sent ?? 0) > 0))?.error).toBeNull();
    await bash(`cat >/etc/portreeve/portreeve.yaml <<'END'\n${CONFIGURATION}END\nsystemctl reload portreeve`);
  });

  it('stops within five seconds', async () => {
    // Other agents of the machine may have theirs.
    const instance = await bash('ls -l /proc/$(systemctl show -P MainPID portreeve)/fd | grep -o "/tracing/instances/[^/]*" | head -n 1');
    expect(instance).toMatch(/^\/tracing\/instances\/portreeve/);
    const started = performance.now();
    await bash('systemctl stop portreeve');
    expect(performance.now() - started).toBeLessThan(5000);
    expect(await bash('systemctl show -P Result portreeve')).toBe('success');
    expect(await bash(`[ -e /sys/kernel${instance} ] || echo gone`)).toBe('gone');
  });

  it('gives way to a timer whose audit is no failure because it finds something', async () => {
    const { code, stdout, stderr } = await machine.run(['portreeve', 'install-service', '--timer', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`leave  /etc/portreeve/portreeve.yaml: changed since it was installed`);
    expect(await bash('systemctl is-active portreeve-audit.timer; systemctl start portreeve-audit; systemctl show -P Result portreeve-audit')).toBe('active\nsuccess');
    expect(await bash('journalctl -q -o cat -u portreeve-audit')).toContain('1302/tcp');
    expect(await bash('journalctl -q -o cat -u portreeve-audit -p err')).toContain('1302');
    expect(await bash(`test ! -e ${UNIT} && systemctl is-enabled portreeve 2>&1 || true`)).not.toContain('enabled');
  });

  it('is removed, and leaves nothing but its state and what was changed', async () => {
    const { code, stdout, stderr } = await machine.run(['portreeve', 'uninstall-service', '--yes']);
    expect(code, stderr).toBe(0);
    for (const path of ['/etc/portreeve/portreeve.yaml', `${UNIT}.d/restart.conf`, '/var/lib/portreeve/']) expect(stdout).toContain(`leave  ${path}:`);
    expect(await bash('journalctl --list-catalog | grep -ci portreeve || true')).toBe('0');
    const left = (await listFiles()).split('\n').filter((file) => !before.split('\n').includes(file));
    expect(left.filter((file) => !file.startsWith('/var/lib/portreeve/'))).toEqual(['/etc/portreeve/portreeve.yaml', `${UNIT}.d/restart.conf`, `${UNIT}.d/watchdog.conf`]);
    expect(await bash('cat /etc/portreeve/portreeve.yaml')).toBe(CONFIGURATION.trim());
    expect(await bash('find /etc/systemd/system -lname "*portreeve*"; ls -d /run/portreeve 2>/dev/null || true; systemctl list-units --all --plain --no-legend "portreeve*"')).toBe('');
    expect((await machine.run(['portreeve', 'uninstall-service', '--yes'])).stdout).not.toMatch(/^ {2}(?:remove|run)/m);
  });
});
