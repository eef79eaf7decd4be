import { createConnection } from 'node:net';
import { openUnixDatagram } from '../../native/unix-datagram.ts';
import { sendDatagrams } from '../send-datagrams.ts';
import type { Channel, Encode, Transport } from '../transport.ts';
import { trustAfterSilence } from './close-trust.ts';
import { frameMessage } from './frame-message.ts';
import { openStream, type StreamDetails, type StreamOptions } from './open-stream.ts';

/**
 * The socket of this host's syslog daemon. Of which kind it is shows when one connects: a datagram socket refuses a stream
 * (EPROTOTYPE).
 */
export function sendToLocal(path: string, encode: Encode, options: StreamOptions): Transport {
  const trust = trustAfterSilence(path, options.closedBy);
  return {
    target: path,
    get closedBy() {
      return trust.closedBy;
    },
    async open(broken, signal) {
      const stream = await connectStream(path, { encode, trust }, options, broken, signal);
      if (stream !== null) return stream;
      const socket = openUnixDatagram(path);
      return sendDatagrams(path, { encode: (outgoing) => Buffer.from(encode(outgoing)), sendMany: (datagrams) => socket.sendMany(datagrams), close: () => { socket.close(); } });
    },
  };
}

/** On a stream a line feed ends each message, as the C library's syslog(3) and syslog-ng have it. Null where it is no stream. */
async function connectStream(path: string, { encode, trust }: Pick<StreamDetails, 'encode' | 'trust'>, options: StreamOptions, broken: () => void, signal: AbortSignal): Promise<Channel | null> {
  try {
    const framed: Encode = (outgoing) => frameMessage(encode(outgoing), 'newline');
    return await openStream(createConnection({ path }), { ready: 'connect', encode: framed, trust, describe: () => ({ socket: 'stream' }) }, options, broken, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EPROTOTYPE') return null;
    throw cause;
  }
}
