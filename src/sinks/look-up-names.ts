import { ADDRCONFIG, lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { asError } from '../model/errors.ts';

/** Addresses of a host, in the order in which to try them. Rejects after so many milliseconds at the latest. */
export type LookUp = (host: string, milliseconds: number) => Promise<readonly LookupAddress[]>;

/** Of the threads that Node's pool has, most are for the disks. */
const MOST_AT_ONCE = 2;

const askSystem = promisify(lookup);

/**
 * Looks names up as every program of this host does (getaddrinfo(3): /etc/hosts, name servers and what nsswitch.conf names
 * besides). A call holds a thread for as long as name servers are silent, which is ten seconds for each of them and each
 * search domain (resolv.conf(5)), and cannot be taken back. So there is one call for a name, however often it is asked for
 * meanwhile, and two at a time; who waits gives up sooner. One of these is for all sinks of a process.
 */
export function lookUpNames(ask: (host: string) => Promise<readonly LookupAddress[]> = (host) => askSystem(host, { all: true, hints: ADDRCONFIG })): LookUp {
  const calls = new Map<string, Promise<readonly LookupAddress[]>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const call = async (host: string): Promise<readonly LookupAddress[]> => {
    if (running === MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await ask(host);
    } finally {
      calls.delete(host);
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return async (host, milliseconds) => {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => { reject(new Error(`no name server says within ${milliseconds / 1000} s where ${host} is`)); }, milliseconds);
    });
    try {
      const answer = calls.get(host) ?? call(host);
      calls.set(host, answer);
      return await Promise.race([answer, limit]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The same, as a socket of Node asks for it. */
export function asLookupFunction(lookUp: LookUp, milliseconds: number): LookupFunction {
  return (host, { all }, done) => {
    lookUp(host, milliseconds).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true) done(null, [...addresses]);
        else done(null, first?.address ?? '', first?.family);
      },
      (cause: unknown) => { done(asError(cause), ''); },
    );
  };
}
