import { createSocket, type Socket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { setTimeout as rest } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
import { describeFailure } from '../describe-failure.ts';
import type { LookUp } from '../look-up-names.ts';
import type { Encode, Patience, Transport } from '../transport.ts';

/** The usual receive buffer (net.core.rmem_default, 212,992 octets) holds about a hundred messages: so many, then a rest. */
const BURST = 32;
/** Within it the answer of a closed port on this network arrives, too (ICMP port unreachable). Milliseconds. */
const REST = 5;
/** The name is looked up again after so long: nothing else tells that it leads elsewhere now. Milliseconds. */
const FRESH_FOR = 300_000;

export interface UdpOptions {
  readonly clock: Clock;
  readonly lookUp: LookUp;
  readonly patience: Patience;
}

/**
 * Syslog over UDP (RFC 5426): one message a datagram, without acknowledgement. The socket is connected: it hears of a
 * closed port, and then sends again what it sent last, and it receives from nobody else.
 */
export function sendToUdp(target: { readonly host: string; readonly port: number }, encode: Encode, { clock, lookUp, patience }: UdpOptions): Transport {
  return {
    target: `udp://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
    async open(broken, signal) {
      let failure: string | null = null;
      const connect = async (): Promise<Socket> => {
        const connected = await connectSocket(await lookUp(target.host, patience.connect), target.port, signal);
        connected.on('error', (cause) => {
          failure = describeFailure(cause);
          broken();
        });
        return connected;
      };
      let socket = await connect();
      let openedAt = clock.steady();
      return {
        proof: 'nothing',
        facts: { address: socket.remoteAddress().address },
        get broken() {
          return failure;
        },
        async send(batch) {
          try {
            if (clock.steady() - openedAt > FRESH_FOR) {
              closeSocket(socket);
              socket = await connect();
              openedAt = clock.steady();
            }
            for (let start = 0; start < batch.length; start += BURST) {
              const burst = batch.slice(start, start + BURST);
              const failures = await Promise.all(burst.map((outgoing) => sendDatagram(socket, encode(outgoing))));
              await rest(REST);
              const error = failures.find((each) => each !== null) ?? failure;
              if (error !== null) return { taken: start, attempted: start + burst.length, error };
            }
            return { taken: batch.length, attempted: batch.length, error: null };
          } catch (cause) {
            return { taken: 0, attempted: 0, error: describeFailure(cause) };
          }
        },
        close() {
          closeSocket(socket);
          return Promise.resolve(true);
        },
        destroy() {
          closeSocket(socket);
        },
      };
    },
  };
}

async function connectSocket([first]: readonly LookupAddress[], port: number, signal: AbortSignal): Promise<Socket> {
  const socket = createSocket(first?.family === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(port, first?.address);
    await once(socket, 'connect', { signal });
    return socket;
  } catch (cause) {
    closeSocket(socket);
    throw cause;
  }
}

function sendDatagram(socket: Socket, message: string): Promise<string | null> {
  return new Promise((resolve) => {
    socket.send(message, (cause) => {
      resolve(cause === null ? null : describeFailure(cause));
    });
  });
}

function closeSocket(socket: Socket): void {
  // The answer to the last datagram can come late, and must not end the agent.
  socket.on('error', () => undefined);
  try {
    socket.close();
  } catch {
    // It was closed before.
  }
}
