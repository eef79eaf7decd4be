import type { AuditedListener } from '../model/audit.ts';
import type { Owner } from '../model/listener.ts';
import { shortContainer } from './wording.ts';

/** A sentence and the commands that follow it. The sentence may hold text that a process chose; the commands never do. */
export interface StopStep {
  readonly text: string;
  readonly commands: readonly string[];
}

const MOST_STEPS = 4;
const MOST_PIDS = 5;

/**
 * How to stop what listens, by the outermost thing that would start it again: the socket unit, the service, the
 * container, else the process. Whoever may name a cgroup chooses what a unit is called, so only a name without anything
 * that a shell or systemctl reads gets into a command.
 */
export function stopSteps(listeners: readonly AuditedListener[], platform: string): readonly StopStep[] {
  const steps = new Map<string, StopStep>();
  for (const step of listeners.flatMap((listener) => stepsFor(listener, platform))) steps.set(JSON.stringify(step), step);
  return [...steps.values()].slice(0, MOST_STEPS);
}

function stepsFor(listener: AuditedListener, platform: string): readonly StopStep[] {
  const { ownerKind, ownerNote, owners, activation } = listener;
  if (activation !== null) {
    const units = [activation.unit, ...(activation.service === null ? [] : [activation.service])];
    if (units.every(isSafeUnit)) return [stopUnits('To stop it: the socket unit too, or the next connection starts the service again.', units)];
  }
  if (ownerKind === 'kernel') return [{ text: `To stop it: the kernel serves it (${ownerNote?.detail ?? 'no process holds it'}); take down what that names.`, commands: [] }];
  if (ownerKind === 'unknown') return [{ text: 'How to stop it cannot be said before its owner is known: run as root.', commands: [] }];
  const others = owners.filter(({ pid }) => pid > 1);
  const published = others.filter(({ name }) => name === 'docker-proxy');
  if (published.length > 0) return [{ text: 'To stop it: Docker publishes it for a container, which the first command names.', commands: [`sudo docker ps --filter publish=${listener.port}`, 'sudo docker stop CONTAINER'] }];
  const containers = distinct(others.flatMap((owner) => containerStep(owner) ?? []));
  if (containers.length > 0) return containers;
  const units = [...new Set(others.flatMap(({ unit }) => (unit !== null && isServiceOfItsOwn(unit) ? [unit] : [])))];
  if (units.length > 0 && others.every(({ unit }) => unit !== null && units.includes(unit))) {
    const isUsers = others.every(({ uid }) => uid !== null && uid >= 1000);
    return [stopUnits(isUsers ? 'To stop it (a unit of a user\'s own manager needs systemctl --user, as that user, without sudo):' : 'To stop it now, and at the next boot:', units)];
  }
  return others.length === 0 ? [] : [killStep(others, platform)];
}

function stopUnits(text: string, units: readonly string[]): StopStep {
  const names = units.map((unit) => (unit.includes('\\') ? `'${unit}'` : unit)).join(' ');
  return { text, commands: [`sudo systemctl stop ${names}`, `sudo systemctl disable ${names}`] };
}

/** A unit that runs just this. `user@1000.service` holds a whole session, and a scope is not started again by anyone. */
function isServiceOfItsOwn(unit: string): boolean {
  return isSafeUnit(unit) && unit.endsWith('.service') && !unit.startsWith('user@');
}

/** The characters of systemd.unit(5), and no dash in front, which would be read as an option. */
function isSafeUnit(unit: string): boolean {
  return /^[A-Za-z0-9_:.@\\][A-Za-z0-9_:.@\\-]{0,200}\.(?:service|socket)$/.test(unit);
}

const ENGINES: readonly (readonly [prefix: string, command: string])[] = [
  ['docker-', 'sudo docker stop'],
  ['libpod-', 'sudo podman stop'],
  ['cri-containerd-', 'sudo crictl stop'],
  ['crio-', 'sudo crictl stop'],
];

function containerStep({ container, unit }: Owner): StopStep | null {
  if (container === null) return null;
  if (!/^[0-9a-f]{64}$/.test(container)) return { text: `To stop it: it runs in the container ${container}; stop that with what started it (machinectl, lxc-stop).`, commands: [] };
  const engine = ENGINES.find(([prefix]) => unit?.startsWith(prefix) === true)?.[1];
  const id = shortContainer(container);
  return engine === undefined
    ? { text: 'To stop it: with the engine that runs its container, such as', commands: [`sudo docker stop ${id}`] }
    : { text: 'To stop it (an orchestrator such as Kubernetes starts it again):', commands: [`${engine} ${id}`] };
}

function killStep(owners: readonly Owner[], platform: string): StopStep {
  const pids = [...new Set(owners.map(({ pid }) => pid))].slice(0, MOST_PIDS);
  const text = 'To stop it, no unit of its own being known: end the process, once the first command shows that the number still means it.';
  if (platform === 'win32') return { text, commands: [`Get-Process -Id ${pids.join(',')} | Format-List Id, Path, StartTime`, `Stop-Process -Id ${pids.join(',')}`] };
  return { text, commands: [`ps -o pid,lstart,args -p ${pids.join(',')}`, `sudo kill ${pids.join(' ')}`] };
}

function distinct(steps: readonly StopStep[]): readonly StopStep[] {
  return [...new Map(steps.map((step) => [JSON.stringify(step), step])).values()];
}
