import { endianness } from 'node:os';

/** Netlink headers and the addresses in /proc/net are in the host's byte order. */
export const LITTLE_ENDIAN = endianness() === 'LE';
