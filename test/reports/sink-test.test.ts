import { describe, expect, it } from 'vitest';
import type { SinkTestOutcome } from '../../src/model/sink-test.ts';
import { renderSinkTest } from '../../src/reports/sink-test.ts';

const OPTIONS = { colour: false, columns: 80, ascii: false };

const received: SinkTestOutcome = {
  sink: 'central',
  type: 'syslog, tls',
  target: 'tls://logs.test:6514',
  result: 'received',
  detail: null,
  hint: null,
  eventId: '01KAMZ00000000000000000007',
  durationMs: 12,
  facts: { address: '10.0.0.5', port: '6514', protocol: 'TLSv1.3', subject: 'evil\u001b[2J', validTo: 'Dec 22 2026' },
};

describe('the result of a sink test', () => {
  it('tells of each sink what happened, with what its connection showed', () => {
    const failed: SinkTestOutcome = { ...received, sink: 'old', target: 'tcp://old.test:514', result: 'failed', detail: 'connect ECONNREFUSED', hint: 'nothing listens there', facts: {} };
    expect([...renderSinkTest([received, failed], 'text', OPTIONS)].join('')).toBe(
      [
        'received  central (syslog, tls) -> tls://logs.test:6514, 12 ms',
        '  address 10.0.0.5',
        '  port 6514',
        '  protocol TLSv1.3',
        '  certificate of evil\\x1b[2J',
        '  valid until Dec 22 2026',
        '  look for the event 01KAMZ00000000000000000007 there',
        'failed  old (syslog, tls) -> tcp://old.test:514, 12 ms',
        '  connect ECONNREFUSED',
        '  nothing listens there',
        '',
      ].join('\n'),
    );
  });

  it('is one object as JSON', () => {
    expect(JSON.parse([...renderSinkTest([received], 'json', OPTIONS)].join(''))).toEqual({ schema: 'portreeve/sink-test/v1', sinks: [received] });
  });

  it('says where there is no sink at all', () => {
    expect([...renderSinkTest([], 'text', OPTIONS)].join('')).toContain('names no sink');
  });
});
