import type { SyslogSinkConfig } from '../../model/config.ts';

/**
 * Frames a message for a stream: its length in octets before it (RFC 6587, section 3.4.1; RFC 5425, section 4.3), or a line
 * feed after it (RFC 6587, section 3.4.2), which no message contains.
 */
export function frameMessage(message: Uint8Array, framing: SyslogSinkConfig['framing']): Uint8Array {
  return Buffer.concat(framing === 'newline' ? [message, Buffer.from('\n')] : [Buffer.from(`${message.length} `), message]);
}
