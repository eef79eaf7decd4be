import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** Set by the build: true in the launcher that it runs once, to have the compiled form written. */
declare const LEAVE_COMPILED: boolean;

// Half of a start is V8 compiling the program. The build leaves the compiled form beside it, which V8 takes if it was
// made by the same V8 for a source of the same length, and else passes over (Node's vm, `cachedData`): 10 ms of 47. The
// source is ASCII, as esbuild writes it; to decode it as such takes 1 ms less.
const file = join(__dirname, process.argv[2] === 'audit' ? 'audit.cjs' : 'program.cjs');

function readCompiled(): Buffer | undefined {
  try {
    return readFileSync(`${file}.compiled`);
  } catch {
    return undefined;
  }
}

const cachedData = readCompiled();
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`, {
  filename: file,
  ...(cachedData === undefined ? {} : { cachedData }),
});
if (LEAVE_COMPILED) process.on('exit', () => { writeFileSync(`${file}.compiled`, script.createCachedData()); });
const program = script.runInThisContext() as (exports: object, require: NodeJS.Require, module: object, filename: string, dirname: string) => void;
const module = { exports: {} };
program(module.exports, require, module, file, __dirname);
