import { describe, expect, it } from 'vitest';
import type { RegisteredListener } from '../../src/model/audit.ts';
import type { Truth } from '../../src/model/policy.ts';
import { FIELDS } from '../../src/policy/fields.ts';
import { matcherOf, ownerless, sampleListener, sampleOwner } from './sample-listener.ts';

const ssh = { status: 'assigned', range: 'system', service: 'ssh', aliases: ['secure-shell'], since: null, former: null } as const;
const held = (changes: Parameters<typeof sampleOwner>[0]): RegisteredListener => sampleListener({ owners: [sampleOwner(changes)] });
const unread = held({ exe: null, uid: null, user: null, exeDeleted: null, exeReplaced: null, exeForeign: null });
const raw = sampleListener({ protocol: 'raw', port: null, registry: null });

/** A match, and the listeners for which it is true, false and unknown. */
const cases: [match: string, listener: RegisteredListener, truth: Truth][] = [
  ['{ status: de-assigned }', sampleListener(), 'true'],
  ['{ status: [reserved, unassigned] }', sampleListener(), 'false'],
  ['{ status: de-assigned }', raw, 'unknown'],
  ['{ range: user }', sampleListener(), 'true'],
  ['{ range: [system, dynamic] }', sampleListener(), 'false'],
  ['{ range: user }', raw, 'unknown'],
  ['{ protocol: [udp, tcp] }', sampleListener(), 'true'],
  ['{ protocol: udp }', sampleListener(), 'false'],
  ['{ scope: wildcard }', sampleListener(), 'true'],
  ['{ scope: [loopback, public] }', sampleListener(), 'false'],
  ['{ service: ssh }', sampleListener({ registry: ssh }), 'true'],
  ['{ service: Secure-Shell }', sampleListener({ registry: ssh }), 'true'],
  ['{ service: [http, https] }', sampleListener({ registry: ssh }), 'false'],
  ['{ service: ssh }', sampleListener(), 'false'],
  ['{ service: ssh }', raw, 'unknown'],
  ['{ port: 1302 }', sampleListener(), 'true'],
  ['{ port: [22, 1300-1302] }', sampleListener(), 'true'],
  ['{ port: [13020, 1303-1400, 1-1301] }', sampleListener(), 'false'],
  ['{ port: 0-65535 }', raw, 'unknown'],
  ['{ address: 192.0.2.0/24 }', sampleListener({ address: '192.0.2.9' }), 'true'],
  ['{ address: [192.0.2.0/24, "::1"] }', sampleListener(), 'false'],
  ['{ address: 0.0.0.0 }', sampleListener(), 'true'],
  ['{ address: 0.0.0.0 }', sampleListener({ address: 'nonsense' }), 'unknown'],
  ['{ interface: eth0 }', sampleListener({ interface: 'eth0' }), 'true'],
  ['{ interface: eth0 }', sampleListener({ interface: 'eth1' }), 'false'],
  ['{ interface: eth0 }', sampleListener(), 'false'],
  ['{ netns: host }', sampleListener(), 'true'],
  ['{ netns: blue }', sampleListener(), 'false'],
  ['{ netns: host }', sampleListener({ netns: { inode: 7, name: null } }), 'false'],
  ['{ netns: host }', sampleListener({ netns: { inode: null, name: null } }), 'unknown'],
  ['{ ephemeral: false }', sampleListener(), 'true'],
  ['{ ephemeral: true }', sampleListener(), 'false'],
  ['{ ephemeral: true }', sampleListener({ ephemeral: null }), 'unknown'],
  ['{ dualStack: true }', sampleListener({ dualStack: true }), 'true'],
  ['{ dualStack: true }', sampleListener(), 'false'],
  ['{ ownerKind: process }', sampleListener(), 'true'],
  ['{ ownerKind: [kernel, unknown] }', sampleListener(), 'false'],
  ['{ ownerReason: no-privilege }', ownerless(), 'true'],
  ['{ ownerReason: [no-holder, kernel] }', ownerless(), 'false'],
  ['{ ownerReason: no-privilege }', sampleListener(), 'false'],
  ['{ activated: true }', sampleListener({ activation: { unit: 'ssh.socket', service: null } }), 'true'],
  ['{ activated: true }', sampleListener(), 'false'],
  ['{ exe: /opt/** }', sampleListener(), 'true'],
  ['{ exe: [/usr/**, "**/nginx"] }', sampleListener(), 'false'],
  ['{ exe: /opt/** }', unread, 'unknown'],
  ['{ exe: /opt/** }', ownerless(), 'unknown'],
  ['{ process: lic? }', sampleListener(), 'true'],
  ['{ process: nginx }', sampleListener(), 'false'],
  ['{ process: licd }', ownerless(), 'unknown'],
  ['{ user: licd }', sampleListener(), 'true'],
  ['{ user: root }', sampleListener(), 'false'],
  ['{ user: licd }', unread, 'unknown'],
  ['{ user: licd }', ownerless(), 'true'],
  ['{ user: licd }', ownerless({ socketUser: null }), 'unknown'],
  ['{ uid: [0, 990] }', sampleListener(), 'true'],
  ['{ uid: 0 }', sampleListener(), 'false'],
  ['{ uid: 990 }', unread, 'unknown'],
  ['{ uid: 0 }', ownerless({ socketUid: 0 }), 'true'],
  ['{ uid: 990 }', ownerless({ socketUid: null }), 'unknown'],
  ['{ unit: "licd*.service" }', sampleListener(), 'true'],
  ['{ unit: ssh.service }', sampleListener(), 'false'],
  ['{ unit: "**" }', held({ unit: null }), 'false'],
  ['{ unit: "**" }', ownerless(), 'unknown'],
  ['{ container: true }', held({ container: 'web' }), 'true'],
  ['{ container: true }', sampleListener(), 'false'],
  ['{ container: false }', sampleListener(), 'true'],
  ['{ container: false }', held({ container: 'web' }), 'false'],
  ['{ container: [db, w*] }', held({ container: 'web' }), 'true'],
  ['{ container: db }', held({ container: 'web' }), 'false'],
  ['{ container: "*" }', sampleListener(), 'false'],
  ['{ container: false }', ownerless(), 'unknown'],
  ['{ exeDeleted: true }', held({ exeDeleted: true }), 'true'],
  ['{ exeDeleted: true }', sampleListener(), 'false'],
  ['{ exeDeleted: false }', unread, 'unknown'],
  ['{ exeReplaced: true }', held({ exeReplaced: true }), 'true'],
  ['{ exeReplaced: true }', sampleListener(), 'false'],
  ['{ exeReplaced: false }', ownerless(), 'unknown'],
  ['{ exeForeign: true }', held({ exeForeign: true }), 'true'],
  ['{ exeForeign: true }', sampleListener(), 'false'],
  ['{ exeForeign: true }', unread, 'unknown'],
  ['{ exePackage: licence-server }', held({ exePackage: 'licence-server' }), 'true'],
  ['{ exePackage: [none, lic*] }', held({ exePackage: 'licence-server' }), 'true'],
  ['{ exePackage: "*" }', held({ exePackage: 'libc6.1' }), 'true'],
  ['{ exePackage: licence }', held({ exePackage: 'licence-server' }), 'false'],
  ['{ exePackage: none }', held({ exePackage: 'none-such' }), 'false'],
  ['{ exePackage: none }', held({ exePackage: null }), 'true'],
  ['{ exePackage: "*" }', held({ exePackage: null }), 'false'],
  ['{ exePackage: none }', sampleListener(), 'unknown'],
  ['{ exePackage: none }', ownerless(), 'unknown'],
  ['{ script: /tmp/** }', held({ exe: '/usr/bin/python3', script: '/tmp/x.py' }), 'true'],
  ['{ script: [/tmp/**, "**/*.sh"] }', held({ exe: '/usr/bin/python3', script: '/srv/x.py' }), 'false'],
  ['{ script: "**" }', sampleListener(), 'false'],
  ['{ script: "**" }', unread, 'unknown'],
  ['{ script: "**" }', held({ commandLine: null }), 'unknown'],
  ['{ script: "**" }', ownerless(), 'unknown'],
  ['{ commandLine: "licd -?" }', sampleListener(), 'true'],
  ['{ commandLine: "licd" }', sampleListener(), 'false'],
  ['{ commandLine: "*/y" }', held({ commandLine: ['a', '/x/y'] }), 'false'],
  ['{ commandLine: "**/y" }', held({ commandLine: ['a', '/x/y'] }), 'true'],
  ['{ commandLine: "**" }', held({ commandLine: null }), 'unknown'],
  ['{ age: over 50d }', sampleListener(), 'true'],
  ['{ age: over 51d }', sampleListener(), 'false'],
  ['{ age: under 8w }', sampleListener(), 'true'],
  ['{ age: under 1212h }', sampleListener(), 'false'],
  ['{ age: over 1212h }', sampleListener(), 'false'],
  ['{ age: [under 5m, over 72719m] }', sampleListener(), 'true'],
  ['{ age: under 1s }', held({ startedAt: '2026-02-21T00:00:00.000Z' }), 'true'],
  ['{ age: over 1s }', held({ startedAt: null }), 'unknown'],
  ['{ age: over 1s }', ownerless(), 'unknown'],
  ['{ peers: true }', sampleListener({ peers: true }), 'true'],
  ['{ peers: true }', sampleListener({ peers: false }), 'false'],
  ['{ peers: false }', sampleListener({ peers: null }), 'unknown'],
  ['{ peers: false }', sampleListener(), 'unknown'],
];

describe('a field', () => {
  it.each(cases)('%s', async (match, listener, truth) => {
    const matcher = await matcherOf(match);
    expect(matcher.matchesAny(listener)).toBe(truth);
    // With one owner at most there is no difference.
    expect(matcher.matchesAll(listener)).toBe(truth);
  });

  it('has no age where there is no clock', async () => {
    expect((await matcherOf('{ age: over 1s }', null)).matchesAny(sampleListener())).toBe('unknown');
  });

  it('of each name is tried above with a value that holds and one that does not', () => {
    for (const name of FIELDS.keys()) {
      const own = cases.filter(([match]) => match.startsWith(`{ ${name}:`)).map(([, , truth]) => truth);
      expect([name, own.includes('true'), own.includes('false')]).toEqual([name, true, true]);
    }
  });

  it.each([...FIELDS.values()].map((field) => [field.name, field] as const))('%s has a description and a schema', (_, field) => {
    expect(field.description).toMatch(/^\S.{10,}[^.]$/);
    expect(Object.keys(field.kind.schema).length).toBeGreaterThan(0);
  });
});
