import { describe, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { isEvent } from '../../src/state/event-shape.ts';
import { aFinding, aListener, anOwner, facts } from '../fixtures/audit-report.ts';

/** An event in which everything that can be there is. */
const EVENT: PortreeveEvent = {
  schema: 'portreeve/event/v1',
  id: '01KAMZ00000000000000000007',
  sequence: 7,
  time: '2026-11-22T04:53:57.123Z',
  host: 'web1',
  kind: 'changed',
  audience: 'alert',
  severity: 'error',
  message: 'what happened',
  alert: { id: 'a1', openedAt: '2026-11-22T04:53:57Z', openings: 2, resolution: 'policy' },
  listener: {
    ...aListener({
      owners: [anOwner({ commandLine: ['a', 'b'], exePackage: 'licd' })],
      findings: [aFinding({ references: ['RFC 6335'], attack: ['T1571'], excepted: { id: 'x', reason: 'y', expires: null } })],
      registry: facts({ aliases: ['z'] }),
    }),
    ownerNote: { code: 'kernel', detail: 'wireguard' },
    activation: { unit: 'a.socket', service: null },
    peers: false,
  },
  differences: [{ what: 'user', before: null, after: 'root' }],
  detail: { count: 1, rule: 'x', complete: true, nothing: null },
};

/** Of these a key may be missing: what an older version wrote does not have it. */
const MAY_BE_ABSENT = ['ownersComplete', 'peers', 'exePackage', 'trials'];
/** Keys whose absence is no fault because they are not fixed. */
const FREE = ['count', 'rule', 'complete', 'nothing'];

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? value.map((each, index) => [index, each]) : Object.entries(value);
  return [...(path.length === 0 ? [] : [path]), ...entries.flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

/** A copy with another value at a path; `undefined` takes the key away. */
function withValue(path: Path, value: unknown): unknown {
  const copy = structuredClone(EVENT) as unknown;
  let holder = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  const last = path.at(-1)!;
  if (value === undefined) Reflect.deleteProperty(holder, last);
  else holder[last] = value;
  return copy;
}

const PATHS = pathsOf(EVENT);

describe('an event', () => {
  it('is one as it was written, with the keys of later versions, and without those of none', () => {
    expect(isEvent(EVENT)).toBe(true);
    expect(isEvent({ ...EVENT, later: { any: ['thing'] } })).toBe(true);
    expect(isEvent({ ...EVENT, alert: null, listener: null, differences: [], detail: {} })).toBe(true);
    for (const key of MAY_BE_ABSENT.slice(0, 2)) expect(isEvent(withValue(['listener', key], undefined))).toBe(true);
    expect(isEvent(withValue(['listener', 'owners', 0, 'exePackage'], undefined))).toBe(true);
  });

  it.each([null, undefined, 7, 'x', [], {}, [EVENT]])('is not %j', (value) => {
    expect(isEvent(value)).toBe(false);
  });

  it('is none without any of its keys', () => {
    // An element that is taken out of a list leaves a shorter list.
    const needed = PATHS.filter((path) => typeof path.at(-1) === 'string' && ![...MAY_BE_ABSENT, ...FREE].includes(String(path.at(-1))));
    expect(needed.length).toBeGreaterThan(60);
    for (const path of needed) expect(isEvent(withValue(path, undefined)), path.join('.')).toBe(false);
  });

  it('is none where any of its values is of another kind', () => {
    for (const path of PATHS) {
      for (const value of [{ x: {} }, [[7]], -1.5e300]) {
        const isFree = path[0] === 'detail' && path.length === 2 && typeof value === 'number';
        expect(isEvent(withValue(path, value)), `${path.join('.')}: ${JSON.stringify(value)}`).toBe(isFree);
      }
    }
  });

  it.each([
    [['schema'], 'portreeve/event/v2'],
    [['id'], '01KAMZ0000000000000000000U'],
    [['sequence'], 1.5],
    [['sequence'], 2 ** 53],
    [['time'], '2026-11-22 04:53:57'],
    [['time'], '2026-13-22T04:53:57Z'],
    [['kind'], 'burned'],
    [['audience'], 'all'],
    [['severity'], 'debug'],
    [['alert', 'resolution'], 'gone'],
    [['alert', 'openedAt'], 'yesterday'],
    [['listener', 'port'], 65_536],
    [['listener', 'protocol'], 'quic'],
    [['listener', 'family'], 'ipx'],
    [['listener', 'scope'], 'everywhere'],
    [['listener', 'ownerKind'], 'nobody'],
    [['listener', 'registry', 'status'], 'sold'],
    [['listener', 'registry', 'range'], 'high'],
    [['listener', 'findings', 0, 'severity'], 'debug'],
  ] as [Path, unknown][])('is none where %j is %j', (path, value) => {
    expect(isEvent(withValue(path, value))).toBe(false);
  });
});
