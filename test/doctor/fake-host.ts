import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openHostFiles, type HostFiles } from '../../src/doctor/host-files.ts';

/** A host of so many files; `-> TARGET` is a link, and a path that ends in a slash a folder. It goes with the test. */
export function fakeHost(files: Readonly<Record<string, string>>): HostFiles {
  const root = mkdtempSync(join(tmpdir(), 'portreeve-host-'));
  onTestFinished(() => { rmSync(root, { recursive: true }); });
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else if (!path.endsWith('/')) writeFileSync(file, text);
  }
  return openHostFiles(root);
}
