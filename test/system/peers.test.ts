import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SourceName } from '../../src/model/coverage.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const POLICY = `version: 1
rules:
  - { id: connected, title: Someone is connected, severity: info, match: { peers: true } }
  - { id: idle, title: Nobody is, severity: info, match: { peers: false } }
`;

/** What fixtures/peers.py opens: who has a connection, who has none, and for whom that is no question. */
const EXPECTED = {
  'tcp 0.0.0.0:2101': 'connected',
  'tcp 0.0.0.0:2102': 'idle',
  'tcp [::]:2103 over IPv4 too': 'connected',
  'tcp [::]:2104 over IPv4 too': 'connected',
  'tcp 0.0.0.0:2105': 'idle',
  'tcp [::]:2105': 'connected',
  'tcp 0.0.0.0:2106': 'idle',
  'tcp 127.0.0.1:2106': 'connected',
  'tcp [::ffff:127.0.0.1]:2107': 'connected',
  'tcp 0.0.0.0:2108': 'idle',
  'udp 0.0.0.0:2109': 'idle',
  'udp 0.0.0.0:2110': 'connected',
  'raw 0.0.0.0:null': 'unknown',
};

describeUnless(missingForSandbox(), 'who is connected to a listener', () => {
  let sandbox: Sandbox;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-peers-'));
    writeFileSync(join(folder, 'peers.yaml'), POLICY);
    sandbox = await openSandbox();
    await sandbox.start('peers.py');
    for (const command of [['netns', 'add', 'red'], ['-n', 'red', 'link', 'set', 'lo', 'up']]) expect(await sandbox.run(['ip', ...command])).toMatchObject({ code: 0, stderr: '' });
    await sandbox.start('peers.py', [], ['ip', 'netns', 'exec', 'red']);
  });

  afterAll(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** By namespace and place, which of the rules spoke. */
  async function peersBy(source: SourceName): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    const { listeners } = await sandbox.audit(['--source', source, '--no-shipped-rules', '--rules', join(folder, 'peers.yaml')]);
    const told: Record<string, Record<string, string>> = {};
    for (const { protocol, address, port, dualStack, netns, findings } of listeners) {
      const place = `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}${dualStack ? ' over IPv4 too' : ''}`;
      (told[netns.name ?? '?'] ??= {})[place] = findings.map(({ rule }) => rule).join() || 'unknown';
    }
    return told;
  }

  it('is known in every network namespace', async () => {
    expect(await peersBy('netlink')).toEqual({ host: EXPECTED, red: EXPECTED });
  });

  it('is known from /proc/net too', async () => {
    expect(await peersBy('procfs')).toEqual({ host: EXPECTED, red: EXPECTED });
  });

  it('is not known from the portable source', async () => {
    const { host = {} } = await peersBy('portable');
    expect(new Set(Object.values(host))).toEqual(new Set(['unknown']));
  });
});
