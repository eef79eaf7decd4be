import { posix } from 'node:path';

/** How one family of interpreters reads the arguments before the script, from its own manual page. */
interface Interpreter {
  /** Name of the executable, without its folder. */
  readonly name: RegExp;
  /** Letters of one-letter options behind which no script comes: code, a module, standard input. */
  readonly ends: string;
  /** Letters whose value is the rest of the word or, where there is none, the next word. */
  readonly takesNext: string;
  /** Letters whose value can only be the rest of the word. */
  readonly takesRest: string;
  /** Whole words (`--require`) with a value in the next word; with `=` in the word they need none. */
  readonly wordsTakingNext?: readonly string[];
  /** Whole words behind which no script comes. */
  readonly wordsEnding?: readonly string[];
  /** Words before the script that are no option: `deno run`. */
  readonly commands?: readonly string[];
  /** Options are words, also with one dash. */
  readonly wordsOnly?: boolean;
  /** Words in front of the script: `-jar`. */
  readonly wordsNaming?: readonly string[];
  /** What the script's name looks like where it comes without such an option; a class of Java is no path. */
  readonly plain?: RegExp;
}

const INTERPRETERS: readonly Interpreter[] = [
  { name: /^(?:python|pypy)[\d.]*[a-z]*$/, ends: 'cm', takesNext: 'WX', takesRest: '', wordsTakingNext: ['--check-hash-based-pycs'] },
  { name: /^perl[\d.]*$/, ends: 'eE', takesNext: 'I', takesRest: 'mMxil0FCDdV' },
  {
    name: /^ruby[\d.]*$/,
    ends: 'e',
    takesNext: 'IrCXE',
    takesRest: 'FiKTWx0',
    wordsTakingNext: ['--encoding', '--external-encoding', '--internal-encoding', '--enable', '--disable', '--backtrace-limit'],
  },
  {
    name: /^(?:node|nodejs)[\d.]*$/,
    ends: '',
    takesNext: '',
    takesRest: '',
    wordsOnly: true,
    wordsTakingNext: ['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file', '--inspect-port', '--title', '--input-type'],
    wordsEnding: ['-e', '--eval', '-p', '-pe', '--print', '--test', '--run'],
    commands: ['inspect'],
  },
  // php-fpm is left out on purpose: what its arguments name is a configuration.
  {
    name: /^php[\d.]*(?:-cgi[\d.]*)?$/,
    ends: 'rRBE',
    takesNext: 'cdStz',
    takesRest: '',
    wordsTakingNext: ['--define', '--php-ini', '--server', '--docroot'],
    wordsEnding: ['--run'],
    wordsNaming: ['-f', '--file', '-F', '--process-file'],
  },
  { name: /^(?:bash|dash|ash|sh|ksh\d*|mksh|zsh)$/, ends: 'cs', takesNext: 'oO', takesRest: '', wordsTakingNext: ['--rcfile', '--init-file', '--emulate'] },
  { name: /^lua(?:jit)?[\d.-]*(?:beta\d+)?$/, ends: '', takesNext: 'elj', takesRest: 'O' },
  { name: /^tclsh[\d.]*$/, ends: '', takesNext: '', takesRest: '', wordsOnly: true, wordsTakingNext: ['-encoding'] },
  {
    name: /^java$/,
    ends: '',
    takesNext: '',
    takesRest: '',
    wordsOnly: true,
    wordsTakingNext: ['-cp', '-classpath', '--class-path', '-p', '--module-path', '--upgrade-module-path', '--add-modules', '--add-opens', '--add-exports', '--add-reads', '--source'],
    wordsEnding: ['-m', '--module'],
    wordsNaming: ['-jar'],
    plain: /\.java$/,
  },
  {
    name: /^deno$/,
    ends: '',
    takesNext: '',
    takesRest: '',
    wordsOnly: true,
    wordsTakingNext: ['-c', '--config', '--import-map', '--cert', '--location', '--seed', '--host', '--port', '-L', '--log-level'],
    wordsEnding: ['eval', 'repl', 'task', 'test', 'lsp', 'jupyter'],
    commands: ['run', 'serve'],
  },
  {
    name: /^bun$/,
    ends: '',
    takesNext: '',
    takesRest: '',
    wordsOnly: true,
    wordsTakingNext: ['-r', '--preload', '-c', '--config', '--cwd', '--port'],
    wordsEnding: ['-e', '--eval', '-p', '--print', 'x', 'exec', 'test', 'install'],
    commands: ['run'],
  },
];

/** Many programs in one file: which one it is, its first argument says. */
const MANY_PROGRAMS: ReadonlySet<string> = new Set(['busybox', 'toybox']);

/**
 * Path of the script that an interpreter runs, absolute; null where the executable is no known interpreter, or runs
 * code, a module, a URL or standard input. It goes by the command line, which a process can rewrite, and by the folder
 * in which the process works now, which need not be where it started: a process that wants to can hide its script or
 * name another one.
 * @param workingFolder asked only for a relative path; null where it cannot be read
 */
export function findScript(exe: string | null, commandLine: readonly string[] | null, workingFolder: () => string | null): string | null {
  if (exe === null || commandLine === null) return null;
  const invoked = MANY_PROGRAMS.has(fileName(exe)) ? commandLine.slice(MANY_PROGRAMS.has(fileName(commandLine[0] ?? '')) ? 1 : 0) : [exe, ...commandLine.slice(1)];
  const name = fileName(invoked[0] ?? '');
  const interpreter = INTERPRETERS.find((known) => known.name.test(name));
  if (interpreter === undefined) return null;
  const script = scriptWord(invoked.slice(1), interpreter);
  if (script === null || script === '' || /^[a-z]+:\/\//i.test(script)) return null;
  if (script.startsWith('/')) return posix.normalize(script);
  const folder = workingFolder();
  return folder?.startsWith('/') === true ? posix.join(folder, script) : null;
}

/** A login shell has a dash in front of its name. */
function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/^-/, '');
}

/** The first word that is neither an option nor the value of one, or the value of the option that names the script. */
function scriptWord(words: readonly string[], interpreter: Interpreter): string | null {
  const { wordsTakingNext = [], wordsEnding = [], wordsNaming = [], commands = [], wordsOnly = false, plain } = interpreter;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '-' || wordsEnding.includes(word.split('=', 1).join(''))) return null;
    if (word === '--' || wordsNaming.includes(word)) return words[index + 1] ?? null;
    if (commands.includes(word)) continue;
    if (wordsTakingNext.includes(word)) index++;
    else if (!/^[-+]/.test(word)) return plain?.test(word) === false ? null : word;
    else if (!wordsOnly && !word.startsWith('--')) {
      const next = readLetters(word.slice(1), interpreter);
      if (next === null) return null;
      index += next;
    }
  }
  return null;
}

/** How many of the next words belong to `-abc`; null where no script comes behind it. */
function readLetters(letters: string, { ends, takesNext, takesRest }: Interpreter): 0 | 1 | null {
  for (const [index, letter] of Array.from(letters).entries()) {
    if (ends.includes(letter)) return null;
    if (takesRest.includes(letter)) return 0;
    if (takesNext.includes(letter)) return index === letters.length - 1 ? 1 : 0;
  }
  return 0;
}
