/** What became of one test event. */
export interface SinkTestOutcome {
  readonly sink: string;
  readonly type: string;
  /** Where it was sent, for a person. */
  readonly target: string;
  /**
   * `received`: it is known to have arrived. `sent`: it left this host, and nothing says more (UDP; a receiver that does
   * not close after us). `failed`: it did not.
   */
  readonly result: 'received' | 'sent' | 'failed';
  /** Why it failed, or what is not known. */
  readonly detail: string | null;
  /** What to do about it. */
  readonly hint: string | null;
  readonly eventId: string;
  readonly durationMs: number;
  /** What the connection showed: address, TLS protocol, certificate ... */
  readonly facts: Readonly<Record<string, string>>;
}
