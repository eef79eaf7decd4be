import type { PortreeveEvent } from '../../src/model/event.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';

const NASTY = ['"quoted"', 'a]b', 'back\\slash', 'two\nlines', '💥 Ünïcödé', '', '%s %n', '<13>1 - - - - - -', '[x@1 y="z"]', 'nul\u0000', 'x'.repeat(64_000)];

/** An event whose process did what it could to be misunderstood. One in a hundred is large: all of them would be a test of the disk. */
export function nastyEvent(index: number): Partial<PortreeveEvent> {
  const pick = (turn: number): string => NASTY[(index * 7 + turn) % (index % 100 === 0 ? NASTY.length : NASTY.length - 1)] ?? '';
  return {
    // One is more than a datagram holds.
    message: `event ${index} ${index === 5000 ? 'y'.repeat(1_000_000) : pick(0)}`,
    listener: aListener({ port: 1 + (index % 65_535), owners: [anOwner({ exe: `/opt/${pick(1)}`, user: pick(2), unit: pick(3), commandLine: [pick(4), pick(5)] })] }),
  };
}
