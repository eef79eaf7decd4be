import type { RegisteredListener } from '../model/audit.ts';
import type { Owner } from '../model/listener.ts';

/** Where distributions install the manager; a user's own manager (`systemd --user`) runs the same file. */
const MANAGER_PATHS: ReadonlySet<string> = new Set(['/usr/lib/systemd/systemd', '/lib/systemd/systemd']);

/**
 * The owners that a policy judges. The service manager keeps the socket of a `.socket` unit open beside the service that
 * it started; then only the service answers for it. A name alone makes no manager: any process can call itself systemd.
 */
export function judgedOwners(listener: RegisteredListener): readonly Owner[] {
  const { owners, activation } = listener;
  if (activation === null || owners.length < 2) return owners;
  const others = owners.filter((owner) => !isServiceManager(owner));
  return others.length === 0 ? owners : others;
}

function isServiceManager({ pid, name, exe }: Owner): boolean {
  if (exe !== null && MANAGER_PATHS.has(exe)) return true;
  return pid === 1 && (exe === null ? name === 'systemd' : exe.endsWith('/lib/systemd/systemd'));
}
