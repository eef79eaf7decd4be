/** Gid of a group by its name, or by its number, in the text of /etc/group (group(5)); null where there is none. */
export function findGroupId(group: string, groupFile: string): number | null {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  return readGroups(groupFile).find(({ name }) => name === group)?.gid ?? null;
}

/** Name of a gid in the text of /etc/group; the number itself where it has none. */
export function nameGroup(gid: number, groupFile: string): string {
  return readGroups(groupFile).find((group) => group.gid === gid)?.name ?? String(gid);
}

function readGroups(groupFile: string): { readonly name: string; readonly gid: number }[] {
  return groupFile.split('\n').flatMap((line) => {
    const [name, , gid] = line.split(':');
    return name !== undefined && name !== '' && gid !== undefined && /^\d{1,10}$/.test(gid) ? [{ name, gid: Number(gid) }] : [];
  });
}
