import { describe, expect, it } from 'vitest';
import { chooseStateDir, type StateSurroundings } from '../../src/pass/state-dir.ts';

const choose = (named: string | null, environment: StateSurroundings['environment'] = {}, isRoot = false): string => chooseStateDir(named, { environment, isRoot, home: '/home/me' });

describe('chooseStateDir', () => {
  it('takes what was named before all else, as an absolute path', () => {
    expect(choose('/srv/p', { STATE_DIRECTORY: '/x' }, true)).toBe('/srv/p');
    expect(choose('p')).toBe(`${process.cwd()}/p`);
  });

  it('takes the first folder that systemd gives', () => {
    expect(choose(null, { STATE_DIRECTORY: '/var/lib/one:/var/lib/two', XDG_STATE_HOME: '/x' }, true)).toBe('/var/lib/one');
    expect(choose(null, { STATE_DIRECTORY: '' }, true)).toBe('/var/lib/portreeve');
  });

  it('has a place for root, and one in the home of others', () => {
    expect(choose(null, { XDG_STATE_HOME: '/x' }, true)).toBe('/var/lib/portreeve');
    expect(choose(null, { XDG_STATE_HOME: '/x' })).toBe('/x/portreeve');
    expect(choose(null, { XDG_STATE_HOME: 'relative' })).toBe('/home/me/.local/state/portreeve');
    expect(choose(null)).toBe('/home/me/.local/state/portreeve');
  });
});
