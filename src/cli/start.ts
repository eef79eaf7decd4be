import { isWriting } from './output.ts';
import { run, type Commands } from './run.ts';

/** Runs the command line of this process with these commands, to its end. */
export function start(commands: Commands): void {
  // Ctrl-C ends with 130 whatever is under way. A write into a full pipe would hold up an exit in good order until its
  // reader takes it, so then the signal itself ends the program, which a shell reports as 130 too.
  process.once('SIGINT', () => {
    if (isWriting()) process.kill(process.pid, 'SIGINT');
    else process.exit(130);
  });

  void run(commands, process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  });
}
