import { execFile } from 'node:child_process';

/** Runs a command of the system to its end: null where it went well, else why not, in a line or a few. */
export type CommandRunner = (command: readonly [string, ...string[]]) => Promise<string | null>;

/** Starting a unit waits until it is ready, and systemd's own limit for that is in the unit. Milliseconds. */
const LIMIT = 120_000;
/** Whatever PATH says: these are run as root. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: 'cat' };

export const runCommand: CommandRunner = ([program, ...args]) =>
  new Promise((resolve) => {
    execFile(program, args, { env: ENVIRONMENT, timeout: LIMIT, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(null);
      else if (error.code === 'ENOENT') resolve('there is no such command here');
      else resolve((stderr + stdout).trim() || error.message);
    });
  });
