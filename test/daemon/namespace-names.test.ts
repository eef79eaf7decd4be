import { describe, expect, it } from 'vitest';
import { readNames, saveNames } from '../../src/daemon/namespace-names.ts';

const NAMES = [{ inode: 4026532180, name: 'session-3.scope#2' }, { inode: 4026532300, name: null }];

describe('what namespaces are called', () => {
  it('is known to the next run, and to none after a boot', () => {
    const saved: unknown = JSON.parse(JSON.stringify(saveNames([...NAMES, { inode: null, name: 'blue' }], 'abcd')));
    expect(readNames(saved, 'abcd')).toEqual(NAMES);
    expect(readNames(saved, 'ef01')).toEqual([]);
    expect(readNames(JSON.parse(JSON.stringify(saveNames(NAMES, '-'))), '-')).toEqual([]);
  });

  it.each([undefined, null, 7, 'abcd', {}, { boot: 'abcd' }, { boot: 'abcd', names: 'x' }, { boot: 'abcd', names: [7, null, ['x', 'y'], [1.5, 'y'], [1, 2], [1, 'y'.repeat(300)]] }])('is not what a damaged file says: %j', (saved) => {
    expect(readNames(saved, 'abcd')).toEqual([]);
  });
});
