import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Encode, Transport } from '../transport.ts';
import { asLookupFunction, type LookUp } from '../look-up-names.ts';
import { trustAfterSilence } from './close-trust.ts';
import { openStream, type StreamOptions } from './open-stream.ts';
import { describeTls, readTlsOptions, type TlsFiles } from './tls-options.ts';

const LOOK_UP_SHARE = 0.8;

export interface StreamTarget {
  readonly host: string;
  readonly port: number;
  /** Null: no TLS. */
  readonly tls: TlsFiles | null;
}

/** Syslog over TCP (RFC 6587) or TLS (RFC 5425). Certificates are read anew for each connection: a swapped one counts. */
export function sendToStream({ host, port, tls }: StreamTarget, encode: Encode, options: StreamOptions & { readonly lookUp: LookUp }): Transport {
  // Less than the whole connection may take, so that the reason is told.
  const lookup = asLookupFunction(options.lookUp, options.patience.connect * LOOK_UP_SHARE);
  const target = `${tls === null ? 'tcp' : 'tls'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const trust = trustAfterSilence(target, options.closedBy);
  return {
    target,
    get closedBy() {
      return trust.closedBy;
    },
    async open(broken, signal) {
      if (tls === null) {
        const socket = createConnection({ host, port, lookup });
        return openStream(socket, { ready: 'connect', encode, trust, describe: () => describePeer(socket) }, options, broken, signal);
      }
      const socket = connect({ ...(await readTlsOptions(host, tls)), host, port, lookup });
      return openStream(socket, { ready: 'secureConnect', encode, trust, describe: () => ({ ...describePeer(socket), ...describeTls(socket) }) }, options, broken, signal);
    },
  };
}

function describePeer({ remoteAddress, remotePort }: Socket): Readonly<Record<string, string>> {
  return remoteAddress === undefined || remotePort === undefined ? {} : { address: remoteAddress, port: String(remotePort) };
}
