import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError } from '../model/errors.ts';
import type { InstallationPlan, InstallStep, ServiceVariant } from '../model/installation.ts';
import { applyPlan } from '../service/apply-plan.ts';
import { checkNativeCalls, checkProgram } from '../service/check-program.ts';
import { openHostFiles } from '../service/host-files.ts';
import { readOwnTexts } from '../service/own-files.ts';
import { planInstallation } from '../service/plan-installation.ts';
import { planRemoval } from '../service/plan-removal.ts';
import { runCommand } from '../service/run-command.ts';

export interface ServiceChoice {
  /** Folder that stands for `/`: an image, or a package on its way; null for this host. */
  readonly root: string | null;
}

export interface InstallationChoice extends ServiceChoice {
  readonly variant: ServiceVariant;
  /** Null leaves it as it is. */
  readonly network: boolean | null;
}

/** A plan, and what does it. */
export interface OpenPlan {
  readonly plan: InstallationPlan;
  /**
   * Does it, and tells of each step. What changed since the plan was made stops it before the first.
   * @throws PortreeveError `service-failed`
   */
  apply(onDone: (step: InstallStep, failure: string | null) => Promise<void>): Promise<void>;
}

/** The program as the bundle lies in the package: `dist/bin`. */
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = 'dist/bin/portreeve.cjs';
/** systemd runs where this folder is (sd_booted(3)). */
const BOOTED = '/run/systemd/system';

/** @throws PortreeveError `service-failed` where it cannot be installed, or not so that it would run */
export function openInstallation({ root, variant, network }: InstallationChoice): OpenPlan {
  requireHost(root, 'install');
  const packageFolder = realpathSync(PACKAGE);
  const places = { node: realpathSync(process.execPath), program: join(packageFolder, PROGRAM), packageFolder };
  const warnings = checkProgram(places);
  checkNativeCalls();
  const texts = readOwnTexts(places);
  return open(root, (host, live) => planInstallation({ variant, network, texts, warnings, live }, host));
}

/** @throws PortreeveError `service-failed` where it cannot be removed */
export function openRemoval({ root }: ServiceChoice): OpenPlan {
  requireHost(root, 'uninstall');
  return open(root, planRemoval);
}

function open(root: string | null, makePlan: (host: ReturnType<typeof openHostFiles>, live: boolean) => InstallationPlan): OpenPlan {
  const host = openHostFiles(root === null ? '' : resolve(root));
  const plan = makePlan(host, root === null);
  return {
    plan,
    async apply(onDone) {
      // A person may have thought about it for long, and edited one of the files meanwhile.
      if (JSON.stringify(makePlan(host, root === null)) !== JSON.stringify(plan)) {
        throw new PortreeveError('service-failed', 'the host has changed since the plan was shown; nothing was done', { hint: 'Run it again, and look at the new plan.' });
      }
      await applyPlan(plan, { host, run: runCommand, onDone });
    },
  };
}

function requireHost(root: string | null, action: 'install' | 'uninstall'): void {
  if (root !== null) {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) throw new PortreeveError('usage', `${root}: there is no such folder`, { hint: '--root names the folder that stands for / in an image.' });
    return;
  }
  if (!existsSync(BOOTED)) {
    throw new PortreeveError('service-failed', `systemd does not run here (there is no ${BOOTED})`, {
      hint: action === 'install' ? 'Have your own supervisor run `portreeve daemon`, or put the files into an image with --root DIR.' : 'For an image, name it with --root DIR.',
    });
  }
  if (process.geteuid?.() !== 0) throw new PortreeveError('service-failed', `only root can ${action} a service, and even the plan reads root's files`, { hint: `sudo portreeve ${action}-service` });
}
