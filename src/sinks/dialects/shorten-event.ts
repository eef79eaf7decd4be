import type { PortreeveEvent } from '../../model/event.ts';

/** Characters of one text, findings and owners that a shortened event keeps. */
const TEXT = 256;
const FINDINGS = 3;

/**
 * An event without what an analyst misses least, for a message that must not be longer: one owner, the worst findings
 * without advice and references, no command line, no text of more than 256 characters.
 */
export function shortenEvent(event: PortreeveEvent): PortreeveEvent {
  const { listener } = event;
  const short: PortreeveEvent = {
    ...event,
    differences: event.differences.slice(0, FINDINGS),
    listener:
      listener === null
        ? null
        : {
            ...listener,
            owners: listener.owners.slice(0, 1).map((owner) => ({ ...owner, commandLine: null, script: null })),
            findings: listener.findings
              .filter(({ excepted }) => excepted === null)
              .slice(0, FINDINGS)
              .map((finding) => ({ ...finding, advice: null, references: [] })),
          },
  };
  return JSON.parse(JSON.stringify(short, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, TEXT) : value))) as PortreeveEvent;
}
