import { run } from './run.ts';

// Ctrl-C ends with 130 whatever is under way (DESIGN: exit codes); a reader that goes away (`| head -1`) is no fault.
process.on('SIGINT', () => process.exit(130));

void run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
