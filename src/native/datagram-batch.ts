/** Several datagrams to one receiver, as sendmmsg(2) takes them. */
export interface DatagramBatch {
  /** An array of `struct mmsghdr`; valid until the next call of `fill`. */
  readonly headers: Uint8Array;
  /** Describes these datagrams, or the first of them where they are more than fit; gives how many. */
  fill(datagrams: readonly Uint8Array[]): number;
}

/** More than the queue of a socket holds unless somebody raised it (net.unix.max_dgram_qlen: 10; systemd makes it 512). */
const MOST = 32;
const WORD = process.arch === 'arm' || process.arch === 'ia32' ? 4 : 8;
/** `struct mmsghdr`: name and its length, iovec and their number, control and its length, flags, and octets sent. */
const HEADER = 8 * WORD;
const NAME_LENGTH = WORD;
/** `struct iovec`: address and length. */
const VECTOR = 2 * WORD;

/**
 * Room for a batch to one receiver, made once: each datagram has a header that names the receiver and a vector of its own,
 * so that only the vectors change.
 * @param addressOf address of a buffer, which must stay alive
 */
export function createDatagramBatch(receiver: Uint8Array, addressOf: (buffer: Uint8Array) => bigint): DatagramBatch {
  const headers = new ArrayBuffer(MOST * HEADER);
  const vectors = new ArrayBuffer(MOST * VECTOR);
  const writeHeader = wordWriter(headers);
  const writeVector = wordWriter(vectors);
  const vectorsAt = addressOf(new Uint8Array(vectors));
  const receiverAt = addressOf(receiver);
  for (let index = 0; index < MOST; index++) {
    const word = (index * HEADER) / WORD;
    writeHeader(word, receiverAt);
    new Uint32Array(headers, index * HEADER + NAME_LENGTH, 1)[0] = receiver.length;
    writeHeader(word + 2, vectorsAt + BigInt(index * VECTOR));
    writeHeader(word + 3, 1n);
  }
  /** Held, as the kernel reads it through its address. */
  let bytes = new Uint8Array();

  return {
    headers: new Uint8Array(headers),
    fill(datagrams) {
      const some = datagrams.slice(0, MOST);
      bytes = Buffer.concat(some);
      let at = addressOf(bytes);
      for (const [index, { length }] of some.entries()) {
        writeVector(2 * index, at);
        writeVector(2 * index + 1, BigInt(length));
        at += BigInt(length);
      }
      return some.length;
    },
  };
}

function wordWriter(target: ArrayBuffer): (index: number, value: bigint) => void {
  if (WORD === 8) {
    const words = new BigUint64Array(target);
    return (index, value) => void (words[index] = value);
  }
  const words = new Uint32Array(target);
  return (index, value) => void (words[index] = Number(value));
}
