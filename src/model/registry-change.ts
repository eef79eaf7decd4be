import type { Coverage } from './coverage.ts';
import type { Listener } from './listener.ts';
import type { AssignmentStatus, Transport } from './registry.ts';

/**
 * What can happen to a port between two registries. The first four: it has this status now and had another before.
 * `renamed`: assigned before and after, under another usual name. `aliases`: only its further names changed.
 */
export const CHANGE_KINDS = ['assigned', 'de-assigned', 'reserved', 'unassigned', 'renamed', 'aliases'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What one of the two registries says. */
export interface ChangeSide {
  readonly status: AssignmentStatus;
  readonly service: string | null;
  readonly aliases: readonly string[];
}

/** The same change of neighbouring ports, on the same transports. */
export interface RegistryChange {
  readonly kind: ChangeKind;
  /** First and last port; both belong to it. */
  readonly from: number;
  readonly to: number;
  readonly transports: readonly Transport[];
  readonly before: ChangeSide;
  readonly after: ChangeSide;
  /** Since when the newer registry has it so, where it says; as in PortFacts. */
  readonly since: string | null;
}

/** How many ports, each counted on each transport, changed in each way. */
export type ChangeCounts = Readonly<Record<ChangeKind, number>>;

/** Where a registry comes from, and its date. */
export interface RegistryName {
  readonly source: string;
  readonly updated: string;
}

/** A listener of this host on a port that changed. */
export interface TouchedListener {
  readonly listener: Listener;
  readonly change: RegistryChange;
}

/** `portreeve/registry-diff/v1`. Keys are only ever added. */
export interface RegistryDiff {
  readonly schema: 'portreeve/registry-diff/v1';
  readonly before: RegistryName;
  readonly after: RegistryName;
  readonly counts: ChangeCounts;
  /** By port, then in the order of the transports. */
  readonly changes: readonly RegistryChange[];
  /** Null where the host was not looked at. */
  readonly host: {
    readonly listeners: readonly TouchedListener[];
    /** Null where no scan could be made. */
    readonly coverage: Coverage | null;
    /** Why not, then. */
    readonly failure: string | null;
  } | null;
}
