/** First and last port of a run without holes. */
export type PortRun = readonly [number, number];

/** The runs that a set of ports is made of, lowest first. */
export function findRuns(ports: Iterable<number>): PortRun[] {
  const runs: [number, number][] = [];
  for (const port of [...new Set(ports)].sort((one, other) => one - other)) {
    const last = runs.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else runs.push([port, port]);
  }
  return runs;
}

/** `8000-8099, 9000`. */
export function formatRuns(runs: readonly PortRun[]): string {
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
