import { describeFailure } from './describe-failure.ts';
import type { Channel, Outgoing, Transport } from './transport.ts';

export interface OnceOutcome {
  /** `sent`: nothing says whether it arrived. */
  readonly result: 'received' | 'sent' | 'failed';
  readonly error: string | null;
  readonly facts: Channel['facts'];
}

/** Opens a way to a receiver, sends these events and asks for proof. Never rejects. */
export async function sendOnce(transport: Transport, batch: readonly Outgoing[], signal: AbortSignal): Promise<OnceOutcome> {
  let channel: Channel;
  try {
    channel = await transport.open(() => undefined, signal);
  } catch (cause) {
    return { result: 'failed', error: describeFailure(cause), facts: {} };
  }
  const { facts, proof } = channel;
  const { error } = await channel.send(batch, signal);
  if (error !== null) {
    channel.destroy();
    return { result: 'failed', error, facts };
  }
  const closed = await channel.close(signal);
  if (channel.broken !== null) return { result: 'failed', error: channel.broken, facts };
  return { result: proof !== 'nothing' && closed ? 'received' : 'sent', error: null, facts };
}
