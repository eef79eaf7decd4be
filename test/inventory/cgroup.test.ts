import { describe, expect, it } from 'vitest';
import { parseProcessCgroup } from '../../src/inventory/cgroup.ts';

const ID = '3f4b1c7a9d2e8f60a1b2c3d4e5f60718293a4b5c6d7e8f901122334455667788';

describe('the cgroup of a process', () => {
  it.each([
    ['a service on v2', '0::/system.slice/ssh.service\n', 'ssh.service', null],
    ['a service with cgroups of its own below', '0::/system.slice/php-fpm.service/pool/www\n', 'php-fpm.service', null],
    ['a template instance in its slice', '0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n', 'postgresql@15-main.service', null],
    ['a login session', '0::/user.slice/user-1000.slice/session-3.scope\n', 'session-3.scope', null],
    ['a service of a user manager', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service\n', 'syncthing.service', null],
    ['the first process', '0::/init.scope\n', 'init.scope', null],
    ['no unit at all', '0::/\n', null, null],
    ['v1', '12:pids:/system.slice/cron.service\n1:name=systemd:/system.slice/cron.service\n', 'cron.service', null],
    ['hybrid', '1:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service\n', 'nginx.service', null],
    ['docker with systemd', `0::/system.slice/docker-${ID}.scope\n`, `docker-${ID}.scope`, ID],
    ['docker on v1', `4:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`, null, ID],
    ['containerd below kubepods', `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope\n`, `cri-containerd-${ID}.scope`, ID],
    ['kubepods without systemd', `0::/kubepods/besteffort/pod6a1f/${ID}\n`, null, ID],
    ['cri-o', `0::/kubepods.slice/crio-${ID}.scope\n`, `crio-${ID}.scope`, ID],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`, `libpod-${ID}.scope`, ID],
    ['nspawn', '0::/machine.slice/machine-web\\x2d1.scope/payload/system.slice/nginx.service\n', 'nginx.service', 'web-1'],
    ['lxc', '0::/lxc.payload.build/system.slice/ssh.service\n', 'ssh.service', 'build'],
    ['nothing that makes sense', 'x\n::\n:::::\n\0', null, null],
  ])('%s', (_name, text, unit, container) => {
    expect(parseProcessCgroup(text)).toEqual({ unit, container });
  });
});
