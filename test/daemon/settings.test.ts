import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSettings } from '../../src/daemon/settings.ts';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { fakeLogger } from '../sinks/fakes.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-settings-'));
  file = join(folder, 'portreeve.yaml');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function configure(text: string, mode = 0o600): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

describe('openSettings', () => {
  it('warns of what is odd at a reload as it does at the start', async () => {
    configure('version: 1\n');
    const logger = fakeLogger();
    const settings = await openSettings({ config: file, rules: null, registry: null, stateDir: folder, source: null }, { clock: SYSTEM_CLOCK, logger, underSystemd: false, setLogLevel: () => undefined });
    expect(logger.lines).toEqual([]);
    configure('version: 1\nscan: { interval: 2s }\n', 0o666);
    expect(await settings.reload()).toMatchObject({ ok: true });
    expect(settings.config.scan.interval).toBe(2000);
    expect(logger.lines.filter(({ level }) => level === 'warning').map(({ fields }) => fields['problem'])).toEqual(['its group and everyone may write this file, and so control the agent']);
  });

  it('keeps all where one thing is wrong', async () => {
    configure('version: 1\nscan: { interval: 3s }\n');
    const settings = await openSettings({ config: file, rules: null, registry: null, stateDir: folder, source: null }, { clock: SYSTEM_CLOCK, logger: fakeLogger(), underSystemd: false, setLogLevel: () => undefined });
    configure('version: 1\nscan: { interval: 4s }\npolicy: { rules: [/nonexistent] }\n');
    expect(await settings.reload()).toMatchObject({ ok: false, drafts: [{ kind: 'policy', severity: 'error' }] });
    expect(settings.config.scan.interval).toBe(3000);
    expect(settings.lastReload).toMatchObject({ ok: false });
  });
});
