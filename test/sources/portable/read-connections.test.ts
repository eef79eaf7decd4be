import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readConnections } from '../../../src/sources/portable/read-connections.ts';

const { networkConnections } = vi.hoisted(() => ({ networkConnections: vi.fn<() => Promise<unknown>>() }));
vi.mock('systeminformation', () => ({ networkConnections }));

describe('readConnections', () => {
  beforeEach(() => {
    networkConnections.mockReset();
  });

  it('gives the rows as they are', async () => {
    networkConnections.mockResolvedValue([{ protocol: 'tcp' }]);
    expect(await readConnections()).toEqual([{ protocol: 'tcp' }]);
  });

  it('does not wait for ever', async () => {
    networkConnections.mockReturnValue(new Promise(() => undefined));
    await expect(readConnections(20)).rejects.toMatchObject({
      name: 'PortreeveError',
      code: 'source-failed',
      message: 'systeminformation could not list the sockets: no answer within 20 ms',
    });
  });

  it('says what the library failed with', async () => {
    const cause = new Error('spawn ENOMEM');
    networkConnections.mockRejectedValue(cause);
    await expect(readConnections()).rejects.toMatchObject({ code: 'source-failed', cause });
  });
});
