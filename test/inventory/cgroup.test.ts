import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRootMadeDepth } from '../../src/inventory/cgroup-owners.ts';
import { parseProcessCgroup } from '../../src/inventory/cgroup.ts';

const ID = '3f4b1c7a9d2e8f60a1b2c3d4e5f60718293a4b5c6d7e8f901122334455667788';

describe('the cgroup of a process', () => {
  it.each([
    ['a service on v2', '0::/system.slice/ssh.service\n', 'ssh.service', null, null],
    ['a service with cgroups of its own below', '0::/system.slice/php-fpm.service/pool/www\n', 'php-fpm.service', null, null],
    ['a template instance in its slice', '0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n', 'postgresql@15-main.service', null, null],
    ['a login session', '0::/user.slice/user-1000.slice/session-3.scope\n', 'session-3.scope', null, null],
    ['a service of a user manager', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service\n', 'user@1000.service', 'syncthing.service', null],
    ['the first process', '0::/init.scope\n', 'init.scope', null, null],
    ['no unit at all', '0::/\n', null, null, null],
    ['v1', '12:pids:/system.slice/cron.service\n1:name=systemd:/system.slice/cron.service\n', 'cron.service', null, null],
    ['hybrid', '1:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service\n', 'nginx.service', null, null],
    ['hybrid, where only the unified hierarchy knows', '1:name=systemd:/\n0::/system.slice/nginx.service\n', 'nginx.service', null, null],
    ['docker with systemd', `0::/system.slice/docker-${ID}.scope\n`, `docker-${ID}.scope`, null, ID],
    ['docker on v1', `4:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`, null, null, ID],
    ['containerd below kubepods', `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope\n`, `cri-containerd-${ID}.scope`, null, ID],
    ['kubepods without systemd', `0::/kubepods/besteffort/pod6a1f/${ID}\n`, null, null, ID],
    ['cri-o', `0::/kubepods.slice/crio-${ID}.scope\n`, `crio-${ID}.scope`, null, ID],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`, `libpod-${ID}.scope`, null, ID],
    ['nspawn, with units of its own', '0::/machine.slice/machine-web\\x2d1.scope/payload/system.slice/nginx.service\n', 'machine-web\\x2d1.scope', 'nginx.service', 'web-1'],
    ['lxc, with units of its own', '0::/lxc.payload.build/system.slice/ssh.service\n', 'ssh.service', null, 'build'],
    ['nothing that makes sense', 'x\n::\n:::::\n\0', null, null, null],
  ])('%s', (_name, text, unit, innerUnit, container) => {
    expect(parseProcessCgroup(text)).toEqual({ unit, innerUnit, container });
  });

  it.each([
    [`0::/system.slice/web.service/libpod-payload-${ID}\n`, 3, 'web.service', ID],
    [`0::/system.slice/docker.service/docker/${ID}\n`, 4, 'docker.service', ID],
    [`0::/user/ada/0/docker-${ID}.scope\n`, 1, null, null],
    [`0::/user.slice/user-1000.slice/user@1000.service/docker-${ID}.scope\n`, 3, 'user@1000.service', null],
  ])('%s is believed as far as root made it', (text, depth, unit, container) => {
    expect(parseProcessCgroup(text, () => depth)).toMatchObject({ unit, container });
  });

  it('owes its depth to the owners of the folders', () => {
    const root = mkdtempSync(join(tmpdir(), 'portreeve-cgroup-'));
    mkdirSync(join(root, 'system.slice/a.service'), { recursive: true });
    const depth = createRootMadeDepth([root]);
    expect(depth('', '/system.slice/a.service')).toBe(process.getuid?.() === 0 ? 2 : 0);
    expect(depth('', '/system.slice/none.service')).toBeNull();
    rmSync(root, { recursive: true });
  });

  it.each([
    ['a container', `0::/user.slice/user-1000.slice/user@1000.service/docker-${ID}.scope\n`, `docker-${ID}.scope`],
    ['a service of the system', '0::/user.slice/user-1000.slice/user@1000.service/system.slice/sshd.service\n', 'sshd.service'],
  ])('below a unit that was delegated is not believed to be %s', (_name, text, claimed) => {
    expect(parseProcessCgroup(text)).toEqual({ unit: 'user@1000.service', innerUnit: claimed, container: null });
  });
});
