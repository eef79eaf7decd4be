import { describe, expect, it } from 'vitest';
import type { Suggestion } from '../../src/model/suggestion.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderSuggestion, renderSuggestionJson } from '../../src/reports/suggest.ts';
import { partialCoverage } from '../fixtures/audit-report.ts';
import { aSuggestion } from '../fixtures/suggestion.ts';

const print = (partial: Partial<Suggestion> = {}, columns = 80): string => [...renderSuggestion(aSuggestion(partial), { columns, colour: false, ascii: false })].join('');
const request = aSuggestion().request;
const dynamic = { port: 61_729, range: 'dynamic', block: { from: 49_152, to: 65_535 }, below: null, above: null, ephemeral: false } as const;

describe('renderSuggestion', () => {
  it('says which port, why, and what keeping it asks', () => {
    expect(print()).toMatchInlineSnapshot(`
      "Port 20920
        Unassigned on tcp and udp, in the block 20811-20998; nearest assigned: 20810
        crtech-nlm (110 away), 20999 athand-mmp (79 away).

      Why
        - Nobody listens on it on web1, and no connection uses it. Nothing was tried
          out: portreeve binds no port.
        - Outside the ephemeral range 32768-60999, from which the kernel takes the
          ports of outgoing connections.
        - No rule or exception, shipped or local, names it: no software is known to
          sit there by habit. Round numbers are left out, which people choose by hand.
        - Among ports as good, the seed "web1" decided: the same seed gives the same
          answer for as long as it is free.
        Registry: embedded snapshot of 2026-02-13.

      What to do next
        An audit reports a listener without an assignment until an exception approves
        it; once the service runs, this offers a narrow one: portreeve explain 20920

        Unassigned means that IANA may give the number to somebody else any day. To
        keep it, apply for it (RFC 6335, section 8.1.1):
        https://www.iana.org/form/ports-services
        It asks for a service name, the transports, who is responsible and whom to
        contact, a description, and a document of the protocol; it may name the number
        wished for. A service gets one number, for all its versions, with and without
        encryption (section 7.2).
        A service name has 1 to 15 letters, digits and hyphens, at least one letter,
        and no hyphen at either end or beside another (section 5.1).
      "
    `);
  });

  it('gives the line that reserves a port which the kernel hands out, with what is reserved already', () => {
    const reservation = { needed: true, setting: 'net.ipv4.ip_local_reserved_ports', value: '8080,61729', file: '/etc/sysctl.d/90-reserved-ports.conf' };
    const text = print({ request: { ...request, private: true }, ports: [{ ...dynamic, ephemeral: true }], host: { name: 'web1', platform: 'linux', ephemeralRange: [49152, 65535] }, reservation });
    expect(text).toContain('\n    # /etc/sysctl.d/90-reserved-ports.conf\n    net.ipv4.ip_local_reserved_ports = 8080,61729\n');
    expect(text).toContain('Reserve it, so that the kernel never hands it to a client.');
    expect(text).toContain('The number can never be yours alone');
    expect(text).not.toContain('iana.org');
    const outside = print({ request: { ...request, private: true }, ports: [dynamic], reservation: { ...reservation, needed: false } });
    expect(outside).toContain('Nothing has to be reserved');
    expect(outside).toContain('net.ipv4.ip_local_reserved_ports = 8080,61729\n');
  });

  it('knows what Windows has in its place', () => {
    const text = print({ request: { ...request, private: true, protocols: ['tcp'] }, ports: [dynamic], host: { name: 'w', platform: 'win32', ephemeralRange: null } });
    expect(text).toContain('netsh int ipv4 add excludedportrange protocol=tcp startport=61729 numberofports=1\n');
  });

  it('claims nothing that was not seen', () => {
    expect(print({ coverage: partialCoverage() }, 300)).toContain('as far as the scan could see');
    expect(print({ connectionsChecked: false }, 300)).toContain('whether a connection does is not known');
    const blind = print({ coverage: null, connectionsChecked: false, host: { name: 'web1', platform: 'linux', ephemeralRange: null } }, 300);
    expect(blind).toContain('Whether it is free on web1 is not known');
    expect(blind).toContain('Which ports the host hands to clients is not known.');
    expect(blind).not.toContain('Nobody listens');
  });

  it('keeps to the width, and lets no text of the host through as it is', () => {
    for (const columns of [30, 40, 80]) {
      for (const line of print({ coverage: partialCoverage(), request: { ...request, seed: 'x\u001b[31m\n' } }, columns).split('\n')) {
        expect(line).not.toMatch(/\p{C}/u);
        if (!line.startsWith('    ')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });
});

describe('renderSuggestionJson', () => {
  it('is the suggestion itself', () => {
    expect(JSON.parse(renderSuggestionJson(aSuggestion()))).toEqual(aSuggestion());
  });
});
