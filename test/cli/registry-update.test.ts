import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RegistryStatus } from '../../src/model/registry-state.ts';
import { wholeRegistryCsv } from '../registry/registry-csv.ts';
import { makeTrust, startServer, type TestServer } from '../registry/transfer/csv-server.ts';
import { BUNDLE, portreeve, type Outcome } from './portreeve.ts';

// Every date here is in the past of any clock this runs under, and none is older than the embedded snapshot.
const CSV = wholeRegistryCsv();
const { authority, identity } = makeTrust();
let server: TestServer;
let home: string;
let ca: string;
let state: string;

beforeAll(async () => {
  server = await startServer(identity);
  home = mkdtempSync(join(tmpdir(), 'portreeve-cli-update-'));
  ca = join(home, 'ca.pem');
  writeFileSync(ca, authority.cert);
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  state = mkdtempSync(join(home, 'state-'));
  server.handle((request, response) => {
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
    else response.writeHead(200, { etag: '"v1"' }).end(CSV);
  });
});

const update = (args: readonly string[] = []): Promise<Outcome> => portreeve(['registry', 'update', '--from', `${server.origin}/ports.csv`, '--ca-file', ca, '--state-dir', state, ...args]);
const status = async (environment: Record<string, string> = {}, args: readonly string[] = ['--state-dir', state]): Promise<RegistryStatus & { stderr: string }> => {
  const { code, stdout, stderr } = await portreeve(['registry', 'status', '--format', 'json', ...args], environment);
  expect(code).toBe(0);
  return { ...(JSON.parse(stdout) as RegistryStatus), stderr };
};

describe('portreeve registry', () => {
  it('updates, finds nothing new, goes back, and every other command uses what is in force', async () => {
    const first = await update();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`in force: ${state}/registry/current.facts`);
    expect(await update()).toMatchObject({ code: 0, stdout: expect.stringContaining('Not modified') as string, stderr: '' });
    expect(server.requests.at(-1)!.headers['user-agent']).toMatch(/^portreeve\/\d+\.\d+\.\d+ /);
    expect((await status()).kind).toBe('updated');

    const explain = async (): Promise<unknown> => (JSON.parse((await portreeve(['explain', '22/tcp', '--format', 'json', '--state-dir', state])).stdout) as { registry: { source: string } }).registry.source;
    expect(await explain()).toBe(join(state, 'registry', 'current.facts'));
    expect(await portreeve(['registry', 'update', '--rollback', '--state-dir', state])).toMatchObject({ code: 0, stdout: expect.stringContaining('Back at the registry') as string });
    expect(await explain()).toBe('embedded');
  });

  it('keeps updates where systemd, or the environment, says', async () => {
    expect((await status({ STATE_DIRECTORY: state }, [])).folder).toBe(join(state, 'registry'));
  });

  it('warns on standard error of a damaged file, once, and goes on', async () => {
    await update();
    const file = join(state, 'registry', 'current.facts');
    writeFileSync(file, 'torn');
    const torn = await status();
    expect(torn.kind).toBe('embedded');
    expect(torn.stderr).toContain(`${file}: warning: `);
    expect(torn.stderr).toContain(`set aside as ${file}.damaged`);
    expect((await status()).stderr).toBe('');
  });

  it.each([
    ['nothing was found', [], (response: { writeHead(status: number): { end(): void } }) => { response.writeHead(404).end(); }, 3, 'the file is not there'],
    ['plain HTTP', ['--from', 'http://localhost:1/'], null, 2, '--allow-http'],
    ['a CA file without certificates', ['--ca-file', '/dev/null'], null, 2, 'no certificate'],
    ['a file that is not there', ['--from', '/nonexistent.csv'], null, 2, 'cannot be read (ENOENT)'],
    ['a share that is none', ['--max-loss', '101'], null, 2, 'from 0 to 100'],
    ['two things at once', ['--rollback'], null, 2, 'cannot be used with'],
    ['more time than a lock lasts', ['--timeout', '7200'], null, 2, 'up to 3600'],
  ] as const)('exits with a code that says what to do: %s', async (_, args, handler, code, message) => {
    if (handler !== null) {
      server.handle((__, response) => {
        handler(response);
      });
    }
    const outcome = await update(args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(message);
    if (code === 3) expect(outcome.stderr).toContain('The registry in force is unchanged: embedded');
  });

  it('ends a slow drip in its time', async () => {
    server.handle((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(CSV.subarray(0, 10)), 50);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    const outcome = await update(['--timeout', '1']);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain('not done within 1 s');
  });

  it('says that there is no room, and changes nothing', async () => {
    await update();
    const file = join(state, 'registry', 'current.facts');
    const before = readFileSync(file);
    server.handle((_, response) => response.end(wholeRegistryCsv(new Map([[10_276, [{ port: '10276', service: 'brand-new' }]]]))));
    // A limit of 64 KiB on the size of files (in blocks of 512 bytes, as sh counts) stands in for a disk that fills up.
    const limited = spawnLimited(128, ['registry', 'update', '--from', `${server.origin}/ports.csv`, '--ca-file', ca, '--state-dir', state]);
    const outcome = await limited;
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain('there is no room to write it (EFBIG)');
    expect(outcome.stderr).toContain(`The registry in force is unchanged: ${file}`);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(join(state, 'registry'))).toEqual(['current.facts']);
  });

  it('lets only one update run at a time', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      server.handle((_, response) => {
        answer = () => response.end(CSV);
        resolve();
      });
    });
    const first = update();
    await asked;
    const second = await update();
    expect(second.code).toBe(3);
    expect(second.stderr).toContain('another update is under way (process ');
    answer();
    expect((await first).code).toBe(0);
  });

  it('leaves the registry whole wherever a kill -9 meets it', async () => {
    await update();
    const other = wholeRegistryCsv(new Map([[10_276, [{ port: '10276', service: 'brand-new' }]]]));
    let flip = false;
    server.handle((_, response) => {
      flip = !flip;
      response.end(flip ? other : CSV);
    });
    const duration = await timed(() => update());
    let killed = 0;
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, [BUNDLE, 'registry', 'update', '--from', `${server.origin}/ports.csv`, '--ca-file', ca, '--state-dir', state], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
      const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => {
        resolve(signal);
      }));
      // From the middle of the transfer to just behind the end.
      setTimeout(() => child.kill('SIGKILL'), duration * (0.4 + (0.65 * round) / 12));
      if ((await ended) === 'SIGKILL') killed += 1;
      const { kind, stderr } = await status();
      expect({ kind, stderr }).toEqual({ kind: 'updated', stderr: '' });
    }
    expect(killed).toBeGreaterThan(0);
    // What the killed ones left behind is no hindrance.
    expect((await update()).code).toBe(0);
    expect(readdirSync(join(state, 'registry')).sort()).toEqual(['current.facts', 'previous.facts']);
  }, 60_000);

  it('compares what was before with what is in force', async () => {
    await update();
    const { code, stdout } = await portreeve(['registry', 'diff', '--no-host', '--format', 'json', '--state-dir', state]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'portreeve/registry-diff/v1', before: { source: 'embedded' }, after: { source: join(state, 'registry', 'current.facts') }, host: null });
    const table = await portreeve(['registry', 'diff', 'embedded', 'embedded', '--state-dir', state]);
    expect(table).toMatchObject({ code: 0, stdout: expect.stringContaining('No port has another status or another name.') as string });
    expect(await portreeve(['registry', 'diff', 'embedded', ca])).toMatchObject({ code: 2, stdout: '' });
  });
});

function spawnLimited(blocks: number, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', 'ulimit -f "$1"; shift; exec "$@"', 'sh', String(blocks), process.execPath, BUNDLE, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] } });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('close', (code) => {
      resolve({ code, stdout: '', stderr });
    });
  });
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
