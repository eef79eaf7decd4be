/** A mount, by its line in mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  /** What no other mount of the host has, in whatever namespace, as long as this one is there. */
  readonly id: number;
  /** `major:minor` of the file system, which may be mounted more than once. */
  readonly device: string;
  /** `ext4`, `nfs4`, `fuse.sshfs` ... */
  readonly type: string;
  /** Options of the file system, as they stand there. */
  readonly options: string;
}

/** The mount with that id; null for a table that does not have it. */
export function findMount(table: string, id: number): Mount | null {
  const start = table.startsWith(`${id} `) ? 0 : table.indexOf(`\n${id} `) + 1 || null;
  if (start === null) return null;
  const end = table.indexOf('\n', start);
  return parseMount(table.slice(start, end < 0 ? table.length : end));
}

/** Whether the file system with these numbers is mounted there. */
export function hasDevice(table: string, device: string): boolean {
  return table.split('\n').some((line) => line.split(' ', 3)[2] === device);
}

function parseMount(line: string): Mount | null {
  const fields = line.split(' ');
  // Optional fields end with a lone dash; blanks in a field are escaped.
  const separator = fields.indexOf('-', 6);
  const [id, , device] = fields;
  const type = fields[separator + 1];
  return separator < 0 || device === undefined || type === undefined ? null : { id: Number(id), device, type, options: fields[separator + 3] ?? '' };
}

/**
 * File systems with programs on them that ask nobody but this machine. What is not listed may wait for ever: for a server (NFS,
 * CIFS, 9p, Ceph, all of FUSE and whatever comes; autofs mounts such a one when it is looked at) or for another process's memory
 * (`/proc/<pid>/map_files`).
 */
const LOCAL: ReadonlySet<string> = new Set([
  ...['bcachefs', 'btrfs', 'cramfs', 'erofs', 'exfat', 'ext2', 'ext3', 'ext4', 'f2fs', 'hfs', 'hfsplus', 'iso9660', 'jffs2', 'jfs', 'minix', 'msdos', 'nilfs2', 'ntfs3', 'reiserfs', 'romfs', 'squashfs', 'ubifs', 'udf', 'vfat', 'xfs', 'zfs'],
  ...['devtmpfs', 'hugetlbfs', 'ramfs', 'rootfs', 'tmpfs'],
]);

export function isLocal({ type }: Mount): boolean {
  return LOCAL.has(type);
}

/**
 * The folders that an overlay shows, as it was told them; null for what is no overlay, or was told them in a form that says
 * nothing without knowing where it was mounted from.
 */
export function layersOf({ type, options }: Mount): readonly string[] | null {
  if (type !== 'overlay') return null;
  const layers = options.split(',').flatMap((option) => {
    const [, key, value = ''] = /^(lowerdir\+?|datadir\+|upperdir)=(.*)$/s.exec(option) ?? [];
    const text = value.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    if (key === undefined) return [];
    // Several in one, with a backslash before a colon that belongs to a name (Documentation/filesystems/overlayfs.rst).
    return key === 'lowerdir' ? (text.match(/(?:\\[^]|[^\\:])+/g) ?? []).map((layer) => layer.replace(/\\([^])/g, '$1')) : [text];
  });
  return layers.length > 0 && layers.every((layer) => layer.startsWith('/')) ? layers : null;
}
