import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const ROOT = dirname(SRC);

/** The stages in the order in which the data goes through them, and the rest of `src/`. */
const STAGES = ['sources', 'inventory', 'registry', 'policy', 'findings', 'alerts', 'state', 'sinks', 'reports'];

/** What each folder may import besides itself, and why nothing else. */
const ALLOWED: Readonly<Record<string, { readonly folders: readonly string[]; readonly why: string }>> = {
  model: { folders: [], why: 'the shared model is what all stages speak; it knows none of them' },
  native: { folders: ['model'], why: 'native calls know the kernel, not what is made of its answers' },
  sources: { folders: ['model', 'native'], why: 'a source reads sockets; who owns them is the next stage' },
  inventory: { folders: ['model'], why: 'the inventory gets plain sockets, so that it runs in a test on plain data' },
  registry: { folders: ['model'], why: 'the registry knows ports, not hosts' },
  yaml: { folders: ['model'], why: 'YAML with places is read in one way, whatever the file means' },
  config: { folders: ['model', 'yaml'], why: 'the configuration is read without knowing what it configures' },
  policy: { folders: ['model', 'yaml'], why: 'a policy is read and compiled without a host in sight' },
  findings: { folders: ['model'], why: 'findings come from a listener and a compiled policy, handed in' },
  alerts: { folders: ['model'], why: 'the life of an alert is a function of what was seen and of a clock, handed in' },
  state: { folders: ['model'], why: 'what is kept on disk does not depend on who wrote it' },
  sinks: { folders: ['model', 'native'], why: 'a sink sends events; what they say is settled before' },
  reports: { folders: ['model'], why: 'a report is a pure function of the audit; it looks nothing up' },
  control: { folders: ['model', 'native'], why: 'the control socket carries answers that the daemon hands in' },
  service: { folders: ['model', 'native'], why: 'systemd is spoken to in one place, without knowing what runs under it' },
  doctor: { folders: ['model', 'native'], why: 'the doctor looks at the host, not through the stages it examines' },
  pass: { folders: ['model', ...STAGES, 'config', 'control', 'service', 'doctor'], why: 'the pass is where the stages are joined for one run' },
  daemon: { folders: ['model', ...STAGES, 'config', 'control', 'service', 'pass'], why: 'the daemon is where they are joined for a long one' },
  cli: { folders: ['model', 'pass', 'daemon'], why: 'the command line knows the pass and the daemon, so that every command is a function first' },
};

/** Built-in or installed packages that only some folders may load, and why. */
const PACKAGES: readonly { readonly name: string; readonly folders: readonly string[]; readonly why: string }[] = [
  { name: 'koffi', folders: ['native'], why: 'native calls live in one place, where they can be read as a whole' },
  { name: 'systeminformation', folders: ['sources'], why: 'it is the portable source and nothing else' },
  { name: 'yaml', folders: ['yaml'], why: 'YAML is the form of policy and configuration, not of the data' },
  { name: 'pino', folders: ['service'], why: 'the log of the agent is written in one place' },
  { name: 'commander', folders: ['cli'], why: 'options are parsed once, at the edge' },
  { name: 'node:child_process', folders: ['sinks', 'service'], why: 'only the exec sink runs what an administrator configured, and install-service tells systemctl: no shell, no netstat' },
  { name: 'node:net', folders: ['control', 'sinks'], why: 'the control socket is a Unix socket, and a sink is a client; the agent opens no network port' },
  { name: 'node:http', folders: ['registry'], why: 'registry update is the one thing that fetches, as a client; the agent opens no network port' },
  { name: 'node:https', folders: ['registry'], why: 'registry update is the one thing that fetches, as a client; the agent opens no network port' },
  { name: 'node:tls', folders: ['registry', 'sinks'], why: 'the update inside the tunnel of a proxy and the syslog sink speak TLS as clients; the agent opens no network port' },
  { name: 'node:dgram', folders: ['sinks'], why: 'syslog over UDP only sends, from a connected socket; the agent opens no network port' },
];

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly specifier: string;
}

function listImports(): readonly Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  return files.flatMap((name) => {
    const file = join(SRC, name);
    const text = readFileSync(file, 'utf8');
    const specifiers = [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    // createRequire(...)('koffi'): a load by another way.
    const indirect = [...text.matchAll(/\)\('([a-z@][^']*)'\)/g)].map((match) => match[1] ?? '');
    return [...specifiers, ...indirect].map((specifier) => ({ file, folder: name.split(sep)[0] ?? '', specifier }));
  });
}

const imports = listImports();

describe('the direction of the data', () => {
  it('is known for every folder of src/', () => {
    expect(readdirSync(SRC).sort()).toEqual(Object.keys(ALLOWED).sort());
  });

  it.each(Object.entries(ALLOWED))('%s imports itself and what comes before it only', (folder, { folders, why }) => {
    const strays = imports
      .filter((each) => each.folder === folder && each.specifier.startsWith('.'))
      .map((each) => ({ file: relative(ROOT, each.file), target: relative(SRC, join(dirname(each.file), each.specifier)) }))
      .filter(({ target }) => target.split(sep)[0] !== folder && !folders.includes(target.split(sep)[0] ?? ''))
      .filter(({ target }) => target !== join('..', 'package.json'));
    expect(strays, why).toEqual([]);
  });

  it.each(PACKAGES)('$name is loaded only where it belongs', ({ name, folders, why }) => {
    const strays = imports.filter((each) => each.specifier === name && !folders.includes(each.folder)).map((each) => relative(ROOT, each.file));
    expect(strays, why).toEqual([]);
  });

  it('opens no server but the control socket, also not with a package that a client may load', () => {
    const elsewhere = imports.filter(({ folder }) => folder !== 'control').map(({ file }) => file);
    const serving = [...new Set(elsewhere)].filter((file) => /\bcreate(?:Secure)?Server\b|\bnew (?:\w+\.)?Server\b|\.listen\s*\(/.test(readFileSync(file, 'utf8')));
    expect(serving.map((file) => relative(ROOT, file)), 'the agent opens no network port').toEqual([]);
  });

  it('sees the imports at all', () => {
    expect(imports.some(({ folder, specifier }) => folder === 'native' && specifier === 'koffi')).toBe(true);
    expect(imports.some(({ folder, specifier }) => folder === 'pass' && specifier === '../findings/evaluate.ts')).toBe(true);
  });
});
