import type { PolicyFault } from './policy-check.ts';

/** A key of the configuration and what it comes to. */
export interface EffectiveValue {
  /** `scan.interval`; keys of a sink lie below its name: `sinks.central.host`. */
  readonly key: string;
  /** As the file would have it: `1s`, `64MiB`, `none`. No secrets. */
  readonly value: string;
  /** Likewise; null where there is no default. */
  readonly default: string | null;
  /** Whether the file has the key. */
  readonly given: boolean;
}

/** `portreeve/config-check/v1`: what a daemon would start with. Keys are only ever added. */
export interface ConfigCheck {
  readonly schema: 'portreeve/config-check/v1';
  /** The file that was read; null where there is none, so that all is at its default. */
  readonly file: string | null;
  /** Whether a daemon would start with it, or a running one take it. */
  readonly ok: boolean;
  /** All keys, those of the sinks last; none where the configuration is at fault. */
  readonly values: readonly EffectiveValue[];
  /** What it leads to; null where that is at fault, or was not come to. */
  readonly policy: { readonly files: readonly string[]; readonly rules: number; readonly exceptions: number } | null;
  readonly registry: { readonly source: string; readonly updated: string } | null;
  readonly problems: readonly PolicyFault[];
}
