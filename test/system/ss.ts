/** One row of `ss -Htulnp`. */
export interface SsRow {
  readonly protocol: string;
  /** As portreeve writes it: `::` and `0.0.0.0`, no brackets, no interface. */
  readonly address: string;
  readonly interface: string | null;
  readonly port: number;
  readonly dualStack: boolean;
  readonly pids: readonly number[];
}

/**
 * Parses `ss -Htulnp` (numeric, no header). ss writes `*` for an IPv6 wildcard that takes IPv4 too, `[::]` for one that
 * does not, and puts the interface that a socket is bound to behind the address: `0.0.0.0%lo`, `[fe80::1]%eth0`.
 */
export function parseSs(text: string): readonly SsRow[] {
  return text.split('\n').filter((line) => line !== '').map(parseRow);
}

const ROW = /^(\S+) +(\S+) +\d+ +\d+ +(\S+):(\d+) +\S+(?: +users:\((.*)\))?\s*$/;

function parseRow(line: string): SsRow {
  const row = ROW.exec(line);
  if (row === null) throw new Error(`not a row of ss: ${line}`);
  const [, protocol = '', , local = '', port = '', users = ''] = row;
  const [address = '', boundTo] = local.split('%');
  return {
    protocol,
    address: address === '*' ? '::' : address.replace(/^\[|\]$/g, ''),
    interface: boundTo ?? null,
    port: Number(port),
    dualStack: address === '*',
    pids: Array.from(users.matchAll(/,pid=(\d+),fd=\d+\)/g), ([, pid]) => Number(pid)),
  };
}
