import type { PortreeveEvent } from '../model/event.ts';
import type { ControlLimits } from './limits.ts';
import { formatLine } from './protocol.ts';

/** What one watcher has not taken yet. */
export interface EventQueue {
  add(event: PortreeveEvent): void;
  /** The next line to send, or null. */
  take(): string | null;
}

/**
 * Bounded, oldest first. Once it is full, what comes is counted until all before it is taken; then the count is told, in
 * its place. A watcher knows at every moment that it has seen everything, or how much it has not.
 */
export function createEventQueue({ queuedEvents, queuedBytes }: Pick<ControlLimits, 'queuedEvents' | 'queuedBytes'>): EventQueue {
  let lines: string[] = [];
  let taken = 0;
  let bytes = 0;
  let missed = 0;
  return {
    add(event) {
      const line = missed > 0 ? '' : formatLine({ answer: 'event', event });
      const waiting = lines.length - taken;
      const isFull = waiting >= queuedEvents || (waiting > 0 && bytes + line.length > queuedBytes);
      if (missed > 0 || isFull) {
        missed += 1;
        return;
      }
      lines.push(line);
      bytes += line.length;
    },
    take() {
      const line = lines[taken];
      if (line !== undefined) {
        taken += 1;
        bytes -= line.length;
        return line;
      }
      lines = [];
      taken = 0;
      if (missed === 0) return null;
      const notice = formatLine({ answer: 'missed', count: missed });
      missed = 0;
      return notice;
    },
  };
}
