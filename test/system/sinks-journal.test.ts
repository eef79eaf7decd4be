import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, it } from 'vitest';
import { describeEntry } from '../../src/sinks/journal/describe-entry.ts';
import { MESSAGE_IDS } from '../../src/sinks/journal/message-ids.ts';
import { anEvent } from '../sinks/fakes.ts';
import { nastyEvent } from './nasty-events.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { FIXTURES, REPOSITORY } from './sandbox.ts';

const JOURNALD = '/lib/systemd/systemd-journald';
const EVENTS = 10_000;

/** A journal of the test's own: the daemon with a /run of its own, and what is read back from it as JSON lines. */
const SCRIPT = `
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/systemd/journald.conf.d "/run/log/journal/$(cat /etc/machine-id)"
  printf '[Journal]\\nStorage=volatile\\nRateLimitIntervalSec=0\\nForwardToConsole=no\\nReadKMsg=no\\nRuntimeMaxUse=400M\\nRuntimeMaxFileSize=200M\\n' >/run/systemd/journald.conf.d/test.conf
  "$1" & journald=$!
  while ! [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
  "$2" "$3" "$4"
  journalctl -D /run/log/journal --sync 2>/dev/null || sleep 2
  journalctl -D /run/log/journal --no-pager -q -a -o json SYSLOG_IDENTIFIER=portreeve >"$5/all"
  journalctl -D /run/log/journal --no-pager -q -o cat PORTREEVE_PORT=42 >"$5/port"
  kill $journald
`;

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-journal-'));
  folders.push(folder);
  return folder;
}

describeUnless(missingForSandbox(['journalctl']) ?? (existsSync(JOURNALD) ? null : `needs ${JOURNALD}`), 'the journal', () => {
  it(`keeps ${EVENTS} nasty events field for field, in order, and finds them by their fields`, async () => {
    const folder = temporaryFolder();
    const client = join(REPOSITORY, 'node_modules/.cache/portreeve/journal-client.mjs');
    await build({ entryPoints: [join(FIXTURES, 'journal-client.ts')], outfile: client, bundle: true, platform: 'node', format: 'esm', external: ['koffi', '@koromix/*'], logLevel: 'silent' });
    execFileSync('unshare', ['-m', '-p', '-f', '--mount-proc', '--kill-child', 'sh', '-euc', SCRIPT, 'sh', JOURNALD, process.execPath, client, String(EVENTS), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const kept = readFileSync(join(folder, 'all'), 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(kept.length).toBe(EVENTS);
    for (const [index, entry] of kept.entries()) {
      const expected = collect(describeEntry({ event: anEvent({ ...nastyEvent(index + 1), sequence: index + 1 }), possibleDuplicate: false }));
      const found = Object.fromEntries(Object.keys(expected).map((name) => [name, textOf(entry[name])]));
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
    }
    expect(readFileSync(join(folder, 'port'), 'utf8')).toMatch(/^event 41 /);
  });

  it('takes the catalog', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'usr/lib/systemd/catalog'), { recursive: true });
    mkdirSync(join(root, 'var/lib/systemd/catalog'), { recursive: true });
    cpSync(join(REPOSITORY, 'systemd/portreeve.catalog'), join(root, 'usr/lib/systemd/catalog/portreeve.catalog'));
    execFileSync('journalctl', [`--root=${root}`, '--update-catalog']);
    const listed = execFileSync('journalctl', [`--root=${root}`, '--list-catalog'], { encoding: 'utf8' }).trim().split('\n');
    expect(listed.map((line) => line.slice(0, 32)).sort()).toEqual(Object.values(MESSAGE_IDS).sort());
  });
});

/** Fields of an entry by name; a name that occurs several times has a list. */
function collect(fields: readonly (readonly [string, string])[]): Readonly<Record<string, unknown>> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of fields) (values[name] ??= []).push(value);
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
}

/** A value as `journalctl -o json` prints it: text, octets where it is not printable, or a list where the field occurs several times. */
function textOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (value.every((each) => typeof each === 'number')) return Buffer.from(value).toString('utf8');
  return value.map(textOf);
}
