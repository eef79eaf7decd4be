/** What `per_cpu/cpuN/stats` says of one CPU's buffer since it was last cleared. */
export interface BufferStats {
  /** Events overwritten before they were read, cut off by an interrupt, or refused for want of room. */
  readonly lost: number;
  readonly read: number;
}

/** @returns null for text that is not such a file */
export function parseBufferStats(text: string): BufferStats | null {
  const value = (name: string): number => Number(new RegExp(`^${name}: (\\d{1,15})$`, 'm').exec(text)?.[1] ?? NaN);
  const lost = value('overrun') + value('commit overrun') + value('dropped events');
  const read = value('read events');
  return Number.isNaN(lost + read) ? null : { lost, read };
}
