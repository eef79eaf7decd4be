import { describe, expect, it } from 'vitest';
import { findMount, hasDevice, isLocal, layersOf, type Mount } from '../../src/inventory/mounts.ts';

const TABLE = [
  '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
  '2 22 0:5 / /proc rw,nosuid shared:13 master:2 - proc proc rw',
  '122 22 0:60 /a\\040b /mnt/- ro - fuse.sshfs me@host:/\\040-\\040ext4 rw,user_id=1000',
  '123 22 0:61 / /var/lib/x/merged rw - overlay overlay rw,lowerdir=/l/1:/l/2,upperdir=/u,workdir=/w',
  'broken',
  '7 22',
  '',
].join('\n');
const overlay = (options: string): Mount => ({ id: 1, device: '0:1', type: 'overlay', options });

describe('a table of mounts', () => {
  it('is searched by the whole number of a mount', () => {
    expect(findMount(TABLE, 22)).toEqual({ id: 22, device: '254:1', type: 'ext4', options: 'rw' });
    expect(findMount(TABLE, 2)).toMatchObject({ id: 2, type: 'proc' });
    expect(findMount(TABLE, 122)).toMatchObject({ type: 'fuse.sshfs', options: 'rw,user_id=1000' });
    expect([findMount(TABLE, 12), findMount(TABLE, 7), findMount('', 0)]).toEqual([null, null, null]);
  });

  it('tells whether a file system is mounted, by its numbers alone', () => {
    expect([hasDevice(TABLE, '0:61'), hasDevice(TABLE, '0:6'), hasDevice(TABLE, '/')]).toEqual([true, false, false]);
  });

  it.each(['ext4', 'xfs', 'btrfs', 'tmpfs'])('has %s for one that asks nobody', (type) => {
    expect(isLocal({ ...overlay(''), type })).toBe(true);
  });

  it.each(['nfs', 'nfs4', 'cifs', 'smb3', 'fuse', 'fuseblk', 'fuse.sshfs', 'fuse.ext4', 'virtiofs', '9p', 'ceph', 'afs', 'autofs', 'overlay', 'proc', 'of tomorrow', ''])('has "%s" for one that may wait', (type) => {
    expect(isLocal({ ...overlay(''), type })).toBe(false);
  });
});

describe('the layers of an overlay', () => {
  it('are the folders of its options, also where these are escaped', () => {
    expect(layersOf(findMount(TABLE, 123)!)).toEqual(['/l/1', '/l/2', '/u']);
    expect(layersOf(overlay('ro,lowerdir+=/a:b,lowerdir+=/c,datadir+=/d'))).toEqual(['/a:b', '/c', '/d']);
    expect(layersOf(overlay('lowerdir=/a\\134:b:/c\\054d::/e\\040f'))).toEqual(['/a:b', '/c,d', '/e f']);
  });

  it('are not known where they are relative to a folder that nobody tells, or there are none', () => {
    expect([layersOf(overlay('lowerdir=l/A:/b')), layersOf(overlay('rw')), layersOf({ ...overlay('lowerdir=/a'), type: 'ext4' })]).toEqual([null, null, null]);
  });
});
