import type { ChangeCounts, RegistryName } from './registry-change.ts';
import type { AssignmentStatus, Transport } from './registry.ts';

/** Where an updated snapshot was made from. */
export interface SnapshotOrigin {
  /** Address (without credentials) or path of the CSV. */
  readonly url: string;
  /** As the server sent them, to ask next time whether there is a newer one. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** ISO 8601: when it came, and when the server last said that it is still the newest. */
  readonly fetchedAt: string;
  readonly checkedAt: string;
  /** Of the CSV, lower-case hexadecimal. */
  readonly csvSha256: string;
  /**
   * Date of the embedded snapshot over which an older file was forced, else null. It counts only against that one: an
   * embedded snapshot of another date, which comes with a new version of the program, takes over again.
   */
  readonly forcedOver: string | null;
}

/** `portreeve/registry-status/v1`. Keys are only ever added. */
export interface RegistryStatus {
  readonly schema: 'portreeve/registry-status/v1';
  /** What the registry in force is: what came with the program, what an update brought, or a file named by the user. */
  readonly kind: 'embedded' | 'updated' | 'file';
  readonly source: string;
  readonly updated: string;
  /** Days from the snapshot's date to today (UTC); negative where this host's clock is behind it. */
  readonly ageDays: number;
  readonly maxAgeDays: number;
  readonly stale: boolean;
  /** Null unless an update brought it. */
  readonly origin: SnapshotOrigin | null;
  readonly embedded: { readonly updated: string };
  /** What an update left at its place and is not in force, being older than the embedded one. */
  readonly passedOver: RegistryName | null;
  /** What `--rollback` would bring back, or null. */
  readonly previous: RegistryName | null;
  /** Folder that an update writes to. */
  readonly folder: string;
  readonly counts: Readonly<Record<Transport, Readonly<Record<AssignmentStatus, number>>>>;
}

/** `portreeve/registry-update/v1`. Keys are only ever added. */
export interface RegistryUpdate {
  readonly schema: 'portreeve/registry-update/v1';
  readonly outcome: 'updated' | 'not-modified' | 'rolled-back';
  /** Address or path of the CSV; null for a rollback. */
  readonly from: string | null;
  /** What was in force before and is after. */
  readonly before: RegistryName;
  readonly after: RegistryName;
  /** From the one to the other. */
  readonly counts: ChangeCounts;
  /** What would have refused it, had it not been forced. */
  readonly overridden: readonly string[];
}
