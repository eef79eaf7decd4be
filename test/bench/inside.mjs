// A network and a process tree of its own for a bench: the host's sockets do not mix in, and all ends with this process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg, release } from 'node:os';
import { createInterface } from 'node:readline';
import './let-reader-leave.mjs';

export const PYTHON = '/usr/bin/python3';
const SETUP = 'ip link set lo up; ulimit -n "$(ulimit -Hn)"; exec "$@"';

/** Runs a script of this folder, with its arguments, as root in namespaces of its own; gives its exit code. */
export async function runInside(script, args) {
  if (process.getuid() !== 0) {
    console.error('needs root: the load is built in namespaces of its own');
    return 2;
  }
  const child = spawn('unshare', ['-n', '-p', '-m', '-f', '--kill-child', '--mount-proc', 'sh', '-c', SETUP, 'sh', process.execPath, script, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

export const LOADS = {
  empty: { listeners: 1, processes: 1, descriptors: 10, connections: 0, udp: 0 },
  small: { listeners: 20, processes: 150, descriptors: 1_500, connections: 50, udp: 5 },
  server: { listeners: 200, processes: 500, descriptors: 20_000, connections: 5_000, udp: 50 },
  heavy: { listeners: 5_000, processes: 2_000, descriptors: 100_000, connections: 20_000, udp: 500 },
};

/** Builds a load; what it could make of it, and how to end it. */
export async function buildLoad({ listeners, processes, descriptors, connections, udp }, firstPort = 2_000) {
  const child = spawn(PYTHON, [new URL('load.py', import.meta.url).pathname, ...[listeners, processes, descriptors, connections, udp, firstPort].map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return {
    made: JSON.parse(line),
    async end() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/**
 * Rounds of commands in turn; for each the wall clock, the CPU time (ms) and the peak resident memory (KiB) of every round.
 * @param distance seconds from the beginning of one round to that of the next; 0: one right after the other
 */
export async function measure(commands, rounds, distance = 0) {
  const child = spawn(PYTHON, [new URL('measure.py', import.meta.url).pathname, String(rounds), String(distance)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(commands));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

/** What figures are worth nothing without. */
export function describeMachine() {
  return {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, kernel: release(), node: process.version, loadAverage: loadavg()[0].toFixed(1) },
    date: new Date().toISOString().slice(0, 10),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
