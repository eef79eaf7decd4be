import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstallationPlan, ServiceVariant } from '../../src/model/installation.ts';
import { applyPlan } from '../../src/service/apply-plan.ts';
import { openHostFiles } from '../../src/service/host-files.ts';
import { MANIFEST_PATH } from '../../src/service/manifest.ts';
import { readOwnTexts, type FileText } from '../../src/service/own-files.ts';
import { planInstallation } from '../../src/service/plan-installation.ts';
import { planRemoval } from '../../src/service/plan-removal.ts';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const PLACES = { node: '/usr/bin/node', program: '/opt/portreeve/dist/bin/portreeve.cjs', packageFolder: PACKAGE };
const UNIT = '/etc/systemd/system/portreeve.service';
const DROP_IN = `${UNIT}.d/network.conf`;
const CONFIGURATION = '/etc/portreeve/portreeve.yaml';

let root: string;
let texts: ReadonlyMap<string, FileText>;
/** Commands that were run, and what those that fail say. */
let commands: string[];
let failures: Map<string, string>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portreeve-root-'));
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  texts = readOwnTexts(PLACES);
  commands = [];
  failures = new Map();
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const at = (path: string) => join(root, path);
const read = (path: string) => readFileSync(at(path), 'utf8');
const write = (path: string, text: string) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
};
/** All files below the root. */
const files = () => readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(root.length)).sort();

const plan = (variant: ServiceVariant = 'daemon', network: boolean | null = null, live = false) => planInstallation({ variant, network, texts, warnings: [], live }, openHostFiles(root));
const removal = (live = false) => planRemoval(openHostFiles(root), live);
const apply = async (wanted: InstallationPlan): Promise<string[]> => {
  const done: string[] = [];
  await applyPlan(wanted, {
    host: openHostFiles(root),
    run: (command) => {
      commands.push(command.join(' '));
      return Promise.resolve(failures.get(command.join(' ')) ?? null);
    },
    onDone: (step) => {
      done.push(step.kind === 'command' ? step.command.join(' ') : `${step.kind} ${step.path}`);
      return Promise.resolve();
    },
  });
  return done;
};

describe('install-service', () => {
  it('puts the unit, the configuration and their folders in place', async () => {
    await apply(plan());
    expect(files()).toEqual(expect.arrayContaining([CONFIGURATION, UNIT, MANIFEST_PATH]));
    expect(files()).not.toEqual(expect.arrayContaining([DROP_IN]));
    expect(read(UNIT)).toContain('ExecStart=/usr/bin/node --max-old-space-size=128 /opt/portreeve/dist/bin/portreeve.cjs daemon\n');
    expect(read(UNIT)).not.toMatch(/@[A-Z]+@/);
    expect(read(CONFIGURATION)).toContain(`$schema=${PACKAGE}/dist/config.schema.json\n`);
    expect(existsSync(at('/etc/portreeve/rules.d'))).toBe(true);
    expect(statSync(at(UNIT)).mode & 0o777).toBe(0o644);
    expect(statSync(at('/var/lib/portreeve')).mode & 0o777).toBe(0o700);
    expect(statSync(at(MANIFEST_PATH)).mode & 0o777).toBe(0o600);
  });

  it('gives the same modes whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      await apply(plan());
    } finally {
      process.umask(umask);
    }
    expect(statSync(at(UNIT)).mode & 0o777).toBe(0o644);
    expect(statSync(at('/etc/portreeve')).mode & 0o777).toBe(0o755);
  });

  it.each([['daemon', null], ['daemon', true], ['timer', null]] as const)('has nothing left to do when planned again (%s, network %s)', async (variant, network) => {
    await apply(plan(variant, network));
    expect(plan(variant).steps).toEqual([]);
  });

  it('tells systemd on a live host: once all files are there, and no more than needed the next time', async () => {
    await apply(plan('daemon', null, true));
    expect(commands.slice(-3)).toEqual(['systemctl daemon-reload', 'systemctl enable portreeve.service', 'systemctl restart portreeve.service']);
    commands = [];
    await apply(plan('daemon', null, true));
    expect(commands).toEqual(['systemctl enable portreeve.service', 'systemctl start portreeve.service']);
  });

  it('replaces what is as it was installed, and restarts what that changes', async () => {
    await apply(plan());
    texts = new Map([...texts, [UNIT, { text: '# newer\n', mode: 0o644 }]]);
    const upgrade = plan('daemon', null, true);
    expect(upgrade.steps.slice(0, 1)).toEqual([{ kind: 'write', path: UNIT, text: '# newer\n', mode: 0o644, replaces: true }]);
    await apply(upgrade);
    expect(read(UNIT)).toBe('# newer\n');
    expect(commands).toEqual(['systemctl daemon-reload', 'systemctl enable portreeve.service', 'systemctl restart portreeve.service']);
  });

  it('leaves a changed file, and puts the new text beside it', async () => {
    await apply(plan());
    const shipped = read(CONFIGURATION);
    write(CONFIGURATION, 'version: 1\nalerts: { reminder: 1h }\n');
    const again = plan();
    expect(again.left).toContainEqual({ path: CONFIGURATION, reason: 'changed', beside: `${CONFIGURATION}.new` });
    await apply(again);
    expect(read(CONFIGURATION)).toBe('version: 1\nalerts: { reminder: 1h }\n');
    expect(read(`${CONFIGURATION}.new`)).toBe(shipped);
    expect(plan().steps, 'once is enough').toEqual([]);

    write(CONFIGURATION, shipped);
    await apply(plan());
    expect(existsSync(at(`${CONFIGURATION}.new`)), 'nothing to merge any more').toBe(false);
    expect(plan().steps).toEqual([]);
  });

  it('takes a file that it knows nothing of for changed, and one that is as it should be for its own', async () => {
    write(UNIT, '# by hand\n');
    write(CONFIGURATION, texts.get(CONFIGURATION)!.text);
    await apply(plan());
    expect(read(UNIT)).toBe('# by hand\n');
    expect(read(`${UNIT}.new`)).toContain('[Service]');
    await apply(removal());
    expect(read(UNIT)).toBe('# by hand\n');
    expect(existsSync(at(CONFIGURATION))).toBe(false);
  });

  it('follows no link, and replaces no link', async () => {
    write('/srv/portreeve.yaml', 'mine\n');
    mkdirSync(at('/etc/portreeve'));
    symlinkSync('../../srv/portreeve.yaml', at(CONFIGURATION));
    symlinkSync('/dev/null', at(UNIT));
    await apply(plan());
    expect(read('/srv/portreeve.yaml')).toBe('mine\n');
    expect(existsSync(at(`${CONFIGURATION}.new`))).toBe(true);
    expect(plan().left).toContainEqual({ path: UNIT, reason: 'changed', beside: `${UNIT}.new` });
  });

  it.each(['/etc/portreeve', '/etc/systemd', '/var'])('does not leave an image by a link at %s', (folder) => {
    const outside = mkdtempSync(join(tmpdir(), 'portreeve-outside-'));
    rmSync(at(folder), { recursive: true, force: true });
    symlinkSync(outside, at(folder));
    expect(() => plan()).toThrow(expect.objectContaining({ code: 'service-failed' }) as Error);
    rmSync(outside, { recursive: true });
    expect(() => plan(), 'also where the link leads nowhere yet').toThrow(expect.objectContaining({ code: 'service-failed' }) as Error);
  });

  it('keeps the network as it is, gives it, and takes it back', async () => {
    await apply(plan('daemon', true));
    expect(read(DROP_IN)).toContain('RestrictAddressFamilies=AF_INET AF_INET6\n');
    expect(plan().steps).toEqual([]);
    await apply(plan('daemon', false));
    expect(existsSync(at(DROP_IN))).toBe(false);
    expect(plan().steps).toEqual([]);
  });

  it('puts the timer in the place of the daemon, which it stops first', async () => {
    await apply(plan('daemon', true));
    const done = await apply(plan('timer', null, true));
    expect(files()).toEqual([CONFIGURATION, '/etc/systemd/system/portreeve-audit.service', '/etc/systemd/system/portreeve-audit.timer', MANIFEST_PATH]);
    expect(commands[0]).toBe('systemctl disable --now portreeve.service');
    expect(done.indexOf(commands[0]!)).toBeLessThan(done.indexOf(`remove ${UNIT}`));
    expect(commands.slice(-3)).toEqual(['systemctl daemon-reload', 'systemctl enable portreeve-audit.timer', 'systemctl restart portreeve-audit.timer']);
  });

  it('says where it stopped, and goes on from there', async () => {
    failures.set('systemctl restart portreeve.service', 'Job for portreeve.service failed.\u001b[2J');
    await expect(apply(plan('daemon', null, true))).rejects.toMatchObject({ code: 'service-failed', message: '`systemctl restart portreeve.service` failed: Job for portreeve.service failed.\\x1b[2J', hint: expect.stringContaining('journalctl -u portreeve.service') as string });
    expect(existsSync(at(UNIT))).toBe(true);
    failures.clear();
    commands = [];
    await apply(plan('daemon', null, true));
    expect(commands).toEqual(['systemctl enable portreeve.service', 'systemctl start portreeve.service']);
  });

  it('names what it cannot make, and how to go on', async () => {
    write('/etc/portreeve', 'a file where a folder belongs');
    await expect(apply(plan())).rejects.toMatchObject({ code: 'service-failed', message: `${at('/etc/portreeve')}: EEXIST`, hint: expect.stringContaining('run portreeve install-service again') as string });
  });

  it('is not misled by a record that was tampered with or torn', async () => {
    await apply(plan());
    const shipped = read(UNIT);
    write(UNIT, '# by hand\n');
    write(MANIFEST_PATH, read(MANIFEST_PATH).slice(0, 40));
    await apply(plan());
    expect(read(UNIT)).toBe('# by hand\n');
    expect(read(`${UNIT}.new`)).toBe(shipped);
  });
});

describe('uninstall-service', () => {
  it('leaves nothing of an installation that nobody touched', async () => {
    await apply(plan('daemon', true));
    await apply(removal());
    expect(files()).toEqual([]);
    expect(readdirSync(at('/etc'))).toEqual(['systemd']);
    expect(readdirSync(at('/var/lib'))).toEqual([]);
    expect(readdirSync(at('/usr/local/lib'))).toEqual([]);
    expect(removal().steps).toEqual([]);
  });

  it('leaves state and what was changed or added, and names it', async () => {
    await apply(plan());
    write(CONFIGURATION, 'version: 1\n');
    await apply(plan());
    write('/etc/portreeve/rules.d/mine.yaml', 'version: 1\n');
    write(`${UNIT}.d/override.conf`, '[Service]\n');
    write('/var/lib/portreeve/events/events-1.jsonl', '{}\n');
    const wanted = removal();
    await apply(wanted);
    expect(files()).toEqual([CONFIGURATION, '/etc/portreeve/rules.d/mine.yaml', `${UNIT}.d/override.conf`, '/var/lib/portreeve/events/events-1.jsonl']);
    expect(wanted.left).toEqual([
      { path: CONFIGURATION, reason: 'changed', beside: null },
      { path: `${UNIT}.d/override.conf`, reason: 'not-ours', beside: null },
      { path: '/etc/portreeve/rules.d/mine.yaml', reason: 'not-ours', beside: null },
      { path: '/var/lib/portreeve', reason: 'state', beside: null },
    ]);
    expect(removal().steps).toEqual([]);
  });

  it('stops and disables before the unit is gone, and has systemd forget it', async () => {
    await apply(plan());
    const done = await apply(removal(true));
    expect(commands).toEqual(expect.arrayContaining(['systemctl disable --now portreeve.service', 'systemctl daemon-reload']));
    expect(done.indexOf('systemctl disable --now portreeve.service')).toBe(0);
    expect(done.indexOf('systemctl daemon-reload')).toBeGreaterThan(done.indexOf(`remove ${UNIT}`));
  });

  it('has nothing to do where nothing was installed', () => {
    expect(removal(true)).toMatchObject({ steps: [], left: [], warnings: [] });
  });
});
