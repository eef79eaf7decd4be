import type { SyslogSinkConfig } from '../../model/config.ts';

/**
 * Frames a message for a stream: its length in octets before it (RFC 6587, section 3.4.1; RFC 5425, section 4.3), or a line
 * feed after it (RFC 6587, section 3.4.2), which no message contains.
 */
export function frameMessage(message: string, framing: SyslogSinkConfig['framing']): string {
  return framing === 'newline' ? `${message}\n` : `${Buffer.byteLength(message)} ${message}`;
}
