/** What `install-service` puts in place: the daemon, or an audit by a timer instead of it. */
export type ServiceVariant = 'daemon' | 'timer';

/** One thing to do. Paths are those of the host that is installed into, whatever folder stands for its root. */
export type InstallStep =
  | { readonly kind: 'make-folder'; readonly path: string; readonly mode: number }
  /** `replaces`: the file that is there is as an earlier installation left it. */
  | { readonly kind: 'write'; readonly path: string; readonly text: string; readonly mode: number; readonly replaces: boolean }
  /** Remembers which files were installed, and how. */
  | { readonly kind: 'record'; readonly path: string; readonly text: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'remove-folder'; readonly path: string }
  /** `mayFail`: what it does is nothing that the rest depends on. */
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]]; readonly mayFail: boolean };

/** What is left as it is, and why. */
export interface LeftAlone {
  readonly path: string;
  readonly reason: 'as-wanted' | 'changed' | 'not-ours' | 'state';
  /** Where the text that would have replaced a changed file was put instead. */
  readonly beside: string | null;
}

/** All that an installation or a removal would do, in order. */
export interface InstallationPlan {
  readonly action: 'install' | 'uninstall';
  readonly steps: readonly InstallStep[];
  readonly left: readonly LeftAlone[];
  /** Sentences for a person: what works, but should not stay so. */
  readonly warnings: readonly string[];
  /** What to look at or to do once it is done. */
  readonly next: string;
}
