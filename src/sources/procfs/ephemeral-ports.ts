import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EphemeralPorts } from '../../model/socket.ts';

/**
 * Reads net.ipv4.ip_local_port_range and ip_local_reserved_ports (both hold for IPv6 too) of the network namespace
 * that the calling thread is in (Documentation/networking/ip-sysctl.rst).
 * @returns undefined where the kernel does not say
 */
export function readEphemeralPorts(proc: string): EphemeralPorts | undefined {
  try {
    const range = parsePortRange(readFileSync(join(proc, 'sys/net/ipv4/ip_local_port_range'), 'latin1'));
    if (range === null) return undefined;
    let reserved: EphemeralPorts['reserved'] = [];
    try {
      reserved = parsePortList(readFileSync(join(proc, 'sys/net/ipv4/ip_local_reserved_ports'), 'latin1'));
    } catch {
      // Kernels before 2.6.35 have no reservations.
    }
    return { range, reserved };
  } catch {
    return undefined;
  }
}

/** Two port numbers separated by blanks. */
export function parsePortRange(text: string): readonly [number, number] | null {
  const match = /^\s*(\d{1,5})\s+(\d{1,5})\s*$/.exec(text);
  const low = Number(match?.[1]);
  const high = Number(match?.[2]);
  return match !== null && low <= high && high <= 65_535 ? [low, high] : null;
}

/** Ports and ranges separated by commas: `8080,9148-9150`. What is not one is passed over. */
export function parsePortList(text: string): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null) continue;
    const low = Number(match[1]);
    const high = Number(match[2] ?? match[1]);
    if (low <= high && high <= 65_535) ranges.push([low, high]);
  }
  return ranges;
}
