import { invalidRegistry } from './invalid-registry.ts';
import type { RegistryCsv } from './read-registry-csv.ts';

/** Services that no copy of the registry lacks. */
const ANCHORS = [
  { port: 22, transport: 'tcp', service: 'ssh' },
  { port: 53, transport: 'udp', service: 'domain' },
  { port: 443, transport: 'tcp', service: 'https' },
] as const;

/** The dynamic range has no rows; the last row with a port is this one's. */
const LAST_LISTED_PORT = 49151;

/** Every port up to 49151 has a row in the files of 2022 and 2026, unassigned ones too; 11 have none in that of 2018. */
const MAX_PORTS_WITHOUT_ROW = 64;

/** 907 in the file of 2018, 1,055 in that of 2026. They stand at the end, sorted, and names are never withdrawn. */
const MIN_PORTLESS_ROWS = 500;

/**
 * Refuses a CSV that reads well and is not the whole registry: one cut between two lines, with a part lost in the
 * middle, or of someone's own. Everything that is missing would otherwise pass for unassigned.
 * @throws PortreeveError `registry-invalid`
 */
export function checkWhole(csv: RegistryCsv): void {
  const { rows, file } = csv;
  for (const anchor of ANCHORS) {
    const found = rows.some(
      (row) => row.service === anchor.service && row.first === anchor.port && (row.transport ?? anchor.transport) === anchor.transport,
    );
    if (!found) throw invalidRegistry(file, null, `${anchor.port}/${anchor.transport} is not ${anchor.service}: this is not the whole official file`);
  }

  const holes = portsWithoutRow(csv);
  if (holes.length > MAX_PORTS_WITHOUT_ROW) {
    throw invalidRegistry(file, null, `${holes.length} ports have no row, the first is ${holes[0] ?? 0}: the file is cut, or a part of it is missing`);
  }

  // The two signs of a cut behind the last port: few service names without a port, or not up to those with the last letters.
  if (csv.portlessRows < MIN_PORTLESS_ROWS || !/^[x-z]/i.test(csv.lastService)) {
    throw invalidRegistry(file, null, 'the service names without a port, at the end of the file, are not all there: the file is cut');
  }
}

function portsWithoutRow(csv: RegistryCsv): number[] {
  const holes: number[] = [];
  let next = 0;
  const ends = [...csv.rows].sort((a, b) => a.first - b.first);
  for (const row of [...ends, { first: LAST_LISTED_PORT + 1, last: LAST_LISTED_PORT + 1 }]) {
    for (; next < row.first; next += 1) holes.push(next);
    next = Math.max(next, row.last + 1);
  }
  return holes;
}
