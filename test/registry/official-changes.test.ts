import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RegistryChange } from '../../src/model/registry-change.ts';
import { compareRegistries, countChanges } from '../../src/registry/compare.ts';
import { judgeUpdate } from '../../src/registry/judge-update.ts';
import { loadRegistryFile } from '../../src/registry/load.ts';

const DATES = ['2018-02-12', '2022-07-18', '2026-02-13'] as const;
const folder = resolve(process.env['PORTREEVE_REGISTRY_DIR'] ?? '../shared/registry');
const pathOf = (date: string): string => resolve(folder, `service-names-port-numbers.${date}.csv`);
const absent = !DATES.every((date) => existsSync(pathOf(date)));
const title = absent ? `the changes between the official files (skipped: not found in ${folder}; set PORTREEVE_REGISTRY_DIR)` : 'the changes between the official files';

describe.skipIf(absent)(title, () => {
  const load = (date: (typeof DATES)[number]) => loadRegistryFile(pathOf(date));
  const at = (changes: readonly RegistryChange[], port: number): unknown[] =>
    changes.filter(({ from, to }) => from <= port && port <= to).map(({ kind, transports, before, after, since }) => [kind, transports.join(), before.service ?? before.status, after.service ?? after.status, since]);

  it('from 2018 to 2022', async () => {
    const changes = compareRegistries(await load('2018-02-12'), await load('2022-07-18'));
    expect(countChanges(changes)).toEqual({ assigned: 119, 'de-assigned': 8, reserved: 80, unassigned: 1, renamed: 19, aliases: 1 });
    expect(at(changes, 1302)).toEqual([['de-assigned', 'tcp,udp', 'ci3-software-2', 'de-assigned', '2019-10-30']]);
    expect(at(changes, 631)).toEqual([['aliases', 'tcp', 'ipp', 'ipp', null]]);
    expect(at(changes, 1276)).toEqual([]);
  });

  it('from 2022 to 2026', async () => {
    const changes = compareRegistries(await load('2022-07-18'), await load('2026-02-13'));
    expect(countChanges(changes)).toEqual({ assigned: 35, 'de-assigned': 14, reserved: 26, unassigned: 0, renamed: 25, aliases: 0 });
    expect(at(changes, 3)).toEqual([['de-assigned', 'tcp,udp', 'compressnet', 'de-assigned', '2025-02-13']]);
    expect(at(changes, 49_151)).toEqual([['reserved', 'tcp,udp,sctp,dccp', 'assigned', 'reserved', '2024-12-20']]);
  });

  it('would each have been taken for an update, and none for one backwards', async () => {
    const files = await Promise.all(DATES.map(load));
    const limits = { maxLossPercent: 1, today: '2026-03-01' };
    expect(judgeUpdate(files[0]!, files[1]!, limits)).toEqual([]);
    expect(judgeUpdate(files[1]!, files[2]!, limits)).toEqual([]);
    expect(judgeUpdate(files[0]!, files[2]!, limits)).toEqual([]);
    expect(judgeUpdate(files[2]!, files[1]!, limits)).toEqual(['it is of 2022-07-18, older than the one in force, of 2026-02-13']);
  });
});
