import type { Stats } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { checkProgram } from '../../src/service/check-program.ts';

/** Everything root's and closed, but what is said. */
const looking = (odd: Readonly<Record<string, Partial<Stats>>>) => (path: string) =>
  ({ uid: 0, gid: 0, mode: 0o755, isSymbolicLink: () => false, ...odd[path] });
const check = (odd: Readonly<Record<string, Partial<Stats>>>, places: { node?: string; program?: string } = {}) =>
  checkProgram({ node: '/usr/bin/node', program: '/opt/portreeve/dist/bin/portreeve.cjs', packageFolder: '/opt/portreeve', ...places }, looking(odd));

describe('the place of the program', () => {
  it('is fine where root alone can write', () => {
    expect(check({})).toEqual([]);
    expect(check({ '/opt': { mode: 0o775, gid: 0 } }), "root's own group").toEqual([]);
    expect(check({ '/opt': { mode: 0o777, isSymbolicLink: () => true } }), 'a link has no mode of its own').toEqual([]);
  });

  it.each([
    ['the program itself', '/opt/portreeve/dist/bin/portreeve.cjs', { uid: 1000 }],
    ['a folder above it', '/opt', { mode: 0o777 }],
    ['a folder above it, for a group', '/opt/portreeve', { mode: 0o775, gid: 50 }],
    ['a link of somebody else', '/opt/portreeve/dist', { uid: 1000, isSymbolicLink: () => true }],
  ])('is warned of where others can write %s', (_, path, stats) => {
    const warnings = check({ [path]: stats });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`may write ${path}, and the program lies there`);
  });

  it.each(['/home/joe/.nvm/versions/node/v20/bin/node', '/root/node', '/tmp/node', '/var/tmp/x/node', '/dev/shm/node', '/run/user/1000/node'])('is refused where the service could not see it: %s', (node) => {
    expect(() => check({}, { node })).toThrow(expect.objectContaining({ code: 'service-failed', message: expect.stringContaining(node) as string }) as PortreeveError);
    expect(() => check({}, { program: node })).toThrow(PortreeveError);
  });

  it('is not taken for hidden by half a name', () => {
    expect(check({}, { node: '/rootless/node', program: '/homes/p.cjs' })).toEqual([]);
  });
});
