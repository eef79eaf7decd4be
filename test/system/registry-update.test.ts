import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wholeRegistryCsv } from '../registry/registry-csv.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { PORTREEVE, REPOSITORY } from './sandbox.ts';

/** A disk on which one snapshot fits (160 KB), and not three; in a mount namespace of its own, which ends with the shell. */
const ON_A_SMALL_DISK = `
  mount -t tmpfs -o size=300k tmpfs "$1"; cd "$1"; node=$2; portreeve=$3
  update() { "$node" "$portreeve" registry update --state-dir "$1" --from "$2" >/dev/null; echo "exit $?"; }
  status() { "$node" "$portreeve" registry status --state-dir "$1" | head -2 | tail -1; }
  update . "$4"; status .
  sum=$(cksum < registry/current.facts)
  update . "$5"; status .
  test "$sum" = "$(cksum < registry/current.facts)" && echo unchanged
  ls registry
  echo room; head -c 200k /dev/zero 2>/dev/null > filler; mkdir -p other
  update other "$5"; status other; ls -A other/registry
`;

describeUnless(missingForSandbox(), 'registry update on a disk that fills up', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-disk-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('says so, and leaves what is in force as it was', async () => {
    const [first, second] = [wholeRegistryCsv(), wholeRegistryCsv(new Map([[10_276, [{ port: '10276', service: 'brand-new' }]]]))].map((csv, index) => {
      const path = join(folder, `${index}.csv`);
      writeFileSync(path, csv);
      return path;
    });
    const disk = mkdtempSync(join(folder, 'disk-'));
    const { stdout, stderr } = await runCommand('unshare', ['-m', 'sh', '-uc', ON_A_SMALL_DISK, 'sh', disk, process.execPath, join(REPOSITORY, PORTREEVE), first!, second!], { seconds: 60 });
    expect(stdout.split('\n')).toEqual([
      'exit 0',
      `  in force  ${disk}/registry/current.facts`,
      'exit 3',
      `  in force  ${disk}/registry/current.facts`,
      'unchanged',
      'current.facts',
      'room',
      'exit 3',
      '  in force  embedded: it came with the program',
      '',
    ]);
    expect(stderr.match(/there is no room to write it \(ENOSPC\)/g)).toHaveLength(2);
    expect(stderr).toContain(`The registry in force is unchanged: ${disk}/registry/current.facts`);
    expect(stderr).toContain('The registry in force is unchanged: embedded');
  });
});
