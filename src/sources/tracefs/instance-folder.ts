import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_NAME } from './instance-settings.ts';

/** Names of our instances: more than one agent, or another program with an instance of this name, leave room for some. */
const NAMES = ['portreeve', ...Array.from({ length: 7 }, (_, index) => `portreeve-${index + 2}`)];

/** How folders come and go in a tracefs: with all their files. Tests stand in for it. */
export interface InstanceFolders {
  make(path: string): void;
  remove(path: string): void;
}

export const KERNEL_FOLDERS: InstanceFolders = { make: (path) => { mkdirSync(path); }, remove: (path) => { rmdirSync(path); } };

/**
 * Makes an instance of our own. What a killed predecessor left behind goes first; an instance that someone has files
 * open of, or that traces something else than we would, is left alone, and the next name is taken.
 * @param instances the folder `instances` of a tracefs
 * @returns its path, or null where all names are taken
 * @throws an error of the file system
 */
export function makeInstance(instances: string, folders: InstanceFolders): string | null {
  removeStaleInstances(instances, folders);
  for (const name of NAMES) {
    const path = join(instances, name);
    try {
      folders.make(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return null;
}

/** Removes instances of ours that no one uses: the kernel refuses where a file of one is open (EBUSY). Gives their names. */
export function removeStaleInstances(instances: string, folders: InstanceFolders = KERNEL_FOLDERS): readonly string[] {
  return NAMES.filter((name) => {
    const path = join(instances, name);
    try {
      if (!tracesNothingElse(path)) return false;
      folders.remove(path);
      return true;
    } catch {
      return false;
    }
  });
}

/** A predecessor killed before it had switched its event on traces nothing at all. */
function tracesNothingElse(path: string): boolean {
  const events = readFileSync(join(path, 'set_event'), 'latin1').split('\n').filter((line) => line !== '');
  const tracer = readFileSync(join(path, 'current_tracer'), 'latin1').trim();
  return tracer === 'nop' && events.every((event) => event === EVENT_NAME);
}
