import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { stopSteps } from '../../src/reports/stop-listener.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';

const commands = (partial: Partial<AuditedListener>, platform = 'linux'): readonly string[] => stopSteps([aListener(partial)], platform).flatMap((step) => step.commands);
const ID = 'f'.repeat(64);

describe('stopSteps', () => {
  it('stops the unit, and at the next boot', () => {
    expect(commands({})).toEqual(['sudo systemctl stop ssh.service', 'sudo systemctl disable ssh.service']);
  });

  it('stops the socket unit with its service, or the next connection starts it again', () => {
    expect(commands({ activation: { unit: 'ssh.socket', service: 'ssh.service' }, owners: [anOwner({ pid: 1, name: 'systemd', unit: 'init.scope' })] })).toEqual([
      'sudo systemctl stop ssh.socket ssh.service',
      'sudo systemctl disable ssh.socket ssh.service',
    ]);
    expect(commands({ activation: { unit: 'x.socket', service: null } })[0]).toBe('sudo systemctl stop x.socket');
  });

  it.each([
    [`docker-${ID}.scope`, 'sudo docker stop ffffffffffff'],
    [`libpod-${ID}.scope`, 'sudo podman stop ffffffffffff'],
    [`cri-containerd-${ID}.scope`, 'sudo crictl stop ffffffffffff'],
    [null, 'sudo docker stop ffffffffffff'],
  ])('stops the container by its engine: %s', (unit, command) => {
    expect(commands({ owners: [anOwner({ container: ID, unit })] })).toEqual([command]);
  });

  it('does not stop all of Docker for one published port', () => {
    expect(commands({ port: 8080, owners: [anOwner({ name: 'docker-proxy', unit: 'docker.service' })] })).toEqual(['sudo docker ps --filter publish=8080', 'sudo docker stop CONTAINER']);
  });

  it.each(['session-3.scope', 'user@1000.service', null, 'init.scope'])('ends the process, not the session that it is in: %s', (unit) => {
    expect(commands({ owners: [anOwner({ pid: 4711, unit })] })).toEqual(['ps -o pid,lstart,args -p 4711', 'sudo kill 4711']);
  });

  it('ends the process by what the system has', () => {
    expect(commands({ owners: [anOwner({ pid: 7, unit: null })] }, 'win32')).toContain('Stop-Process -Id 7');
  });

  it.each(['x.service; rm -rf ~', '-H evil.service', '$(id).service', 'a b.service', '`id`.service', "a'b.service", '\u202e.service', 'a\n.service', '--now.service', `${'x'.repeat(300)}.service`])('puts no name into a command that a shell could read: %j', (unit) => {
    expect(commands({ owners: [anOwner({ pid: 4711, unit })] })).toEqual(['ps -o pid,lstart,args -p 4711', 'sudo kill 4711']);
    for (const command of commands({ activation: { unit, service: null } })) expect(command).not.toContain(unit);
  });

  it('quotes what systemd itself escapes', () => {
    expect(commands({ owners: [anOwner({ unit: 'systemd-cryptsetup@luks\\x2d1.service' })] })[0]).toBe("sudo systemctl stop 'systemd-cryptsetup@luks\\x2d1.service'");
  });

  it('does not offer to kill PID 1, what the kernel serves, or what nobody could see', () => {
    expect(commands({ owners: [anOwner({ pid: 1, unit: 'init.scope' })] })).toEqual([]);
    expect(commands({ ownerKind: 'kernel', owners: [], ownerNote: { code: 'kernel', detail: 'nfsd' } })).toEqual([]);
    expect(commands({ ownerKind: 'unknown', owners: [], ownerNote: { code: 'no-privilege', detail: 'x' } })).toEqual([]);
    expect(stopSteps([aListener({ ownerKind: 'unknown', owners: [], ownerNote: { code: 'no-privilege', detail: 'x' } })], 'linux')[0]?.text).toContain('run as root');
  });

  it('says a thing once, and keeps to a few', () => {
    expect(stopSteps([aListener(), aListener({ address: '::' })], 'linux')).toHaveLength(1);
    expect(stopSteps(Array.from({ length: 50 }, (_, pid) => aListener({ owners: [anOwner({ pid: pid + 2, unit: null })] })), 'linux')).toHaveLength(4);
  });
});
