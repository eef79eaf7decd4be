import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../../src/model/errors.ts';
import { parseSyslogTarget } from '../../../src/sinks/syslog/parse-target.ts';

function codeOf(text: string): unknown {
  try {
    return parseSyslogTarget(text);
  } catch (error) {
    return error instanceof PortreeveError ? error.code : error;
  }
}

describe('a syslog target of the command line', () => {
  it('is a socket of this host, or an address with its transport', () => {
    expect(parseSyslogTarget('local')).toMatchObject({ transport: 'local', path: '/dev/log', format: 'rfc3164' });
    expect(parseSyslogTarget('/run/log')).toMatchObject({ transport: 'local', path: '/run/log' });
    expect(parseSyslogTarget('udp://logs.example')).toMatchObject({ transport: 'udp', host: 'logs.example', port: 514, format: 'rfc5424' });
    expect(parseSyslogTarget('tcp://[fe80::1]:601')).toMatchObject({ transport: 'tcp', host: 'fe80::1', port: 601, framing: 'octet-counting' });
    expect(parseSyslogTarget('tls://logs.example?ca=/etc/ca.pem&name=logs&facility=local3&format=rfc3164&framing=newline')).toMatchObject({
      transport: 'tls', port: 6514, facility: 'local3', format: 'rfc3164', framing: 'newline', tls: { caFile: '/etc/ca.pem', serverName: 'logs', certFile: null },
    });
  });

  it.each(['', 'logs.example', 'http://logs.example', 'tcp://', 'tcp://x/path', 'tcp://user@x', 'tcp://x:99999', 'tls://x?cafile=/x', 'udp://x?facility=none', 'udp://x?facility=constructor', 'tcp://x?framing=none'])('is not %j', (text) => {
    expect(codeOf(text)).toBe('usage');
  });
});
