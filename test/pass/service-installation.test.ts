import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstallation, openRemoval } from '../../src/pass/service-installation.ts';
import { digestOf, formatManifest, MANIFEST_PATH } from '../../src/service/manifest.ts';

const UNIT = '/etc/systemd/system/portreeve.service';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portreeve-image-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

describe('a plan for an image', () => {
  it('needs the image', () => {
    expect(() => openRemoval({ root: join(root, 'none') })).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(() => openInstallation({ root: join(root, 'none'), variant: 'daemon', network: null })).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    write('image.tar', '');
    expect(() => openRemoval({ root: join(root, 'image.tar') })).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
  });

  it('is not carried out when the image has changed since it was shown', async () => {
    write(UNIT, '[Service]\n');
    write(MANIFEST_PATH, formatManifest(new Map([[UNIT, digestOf('[Service]\n')]])));
    const removal = openRemoval({ root });
    expect(removal.plan.steps).toContainEqual({ kind: 'remove', path: UNIT });
    write(UNIT, '[Service]\nNice=5\n');
    const done: unknown[] = [];
    await expect(removal.apply((step) => Promise.resolve(void done.push(step)))).rejects.toMatchObject({ code: 'service-failed', message: expect.stringContaining('has changed since the plan was shown') as string });
    expect(done).toEqual([]);
    expect(openRemoval({ root }).plan.left).toContainEqual({ path: UNIT, reason: 'changed', beside: null });
  });

  it('runs no command', () => {
    write(UNIT, '[Service]\n');
    write(MANIFEST_PATH, formatManifest(new Map([[UNIT, digestOf('[Service]\n')]])));
    expect(openRemoval({ root }).plan.steps.map(({ kind }) => kind)).toEqual(['remove', 'remove', 'remove-folder']);
  });
});
