import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openControlServer, type ControlServer, type ControlServerOptions } from '../../src/control/server.ts';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { recordLog, someAnswers, type LogLine } from '../fixtures/daemon.ts';

export interface Daemon {
  readonly path: string;
  readonly folder: string;
  readonly server: ControlServer;
  readonly log: readonly LogLine[];
}

const folders: string[] = [];
const servers: ControlServer[] = [];
const sockets: Socket[] = [];

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-control-'));
  folders.push(folder);
  return folder;
}

/** A control server in a folder of its own; `closeAll` ends it. Limits are short only where a test gives them so. */
export async function startDaemon(options: Partial<ControlServerOptions> = {}): Promise<Daemon> {
  const folder = makeFolder();
  const { lines, logger } = recordLog();
  const path = join(folder, 'control.sock');
  const server = await openControlServer({ path, group: null, answers: someAnswers(), logger, clock: SYSTEM_CLOCK, ...options });
  servers.push(server);
  return { path, folder, server, log: lines };
}

export async function closeAll(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A client that says what it likes. It keeps its own half open until `end`. */
export interface RawClient {
  readonly socket: Socket;
  write(text: string | Uint8Array): void;
  /** The next whole line as JSON; null at the end. */
  next(): Promise<unknown>;
  /** All lines to the end, as JSON. */
  rest(): Promise<unknown[]>;
  readonly closed: Promise<unknown>;
}

export async function connectRaw(path: string): Promise<RawClient> {
  const socket = connect({ path, allowHalfOpen: true });
  sockets.push(socket);
  await once(socket, 'connect');
  // A server that does not want what is still being written may reset the connection; what it said before counts.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  const lines = linesOf(socket);
  return {
    socket,
    write: (text) => void socket.write(text),
    next: async () => (await lines.next()).value ?? null,
    async rest() {
      const all: unknown[] = [];
      for await (const line of lines) all.push(line);
      socket.destroy();
      return all;
    },
    closed,
  };
}

async function* linesOf(socket: Socket): AsyncGenerator<unknown, void, undefined> {
  let text = '';
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
  }
  if (text !== '') throw new Error(`a line was not whole: ${text.slice(0, 100)}`);
}
