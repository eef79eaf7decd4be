import { openUnixDatagram } from '../../native/unix-datagram.ts';
import { sendDatagrams } from '../send-datagrams.ts';
import type { Transport } from '../transport.ts';
import { describeEntry } from './describe-entry.ts';
import { encodeEntry } from './encode-entry.ts';
import { withSealedMemory } from './sealed-memfd.ts';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** The journal's native protocol. An entry that no datagram holds goes as a descriptor of sealed memory. */
export function sendToJournal(path: string = JOURNAL_SOCKET): Transport {
  return {
    target: path,
    open() {
      const socket = openUnixDatagram(path);
      return Promise.resolve(
        sendDatagrams(path, {
          encode: (outgoing) => encodeEntry(describeEntry(outgoing)),
          sendMany: (entries) => socket.sendMany(entries),
          sendLarge: (entry) => withSealedMemory('portreeve-event', entry, (descriptor) => socket.sendDescriptor(descriptor)),
          close: () => { socket.close(); },
        }),
      );
    },
  };
}
