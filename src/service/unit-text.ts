/** What stands in a unit file for what only the host knows. */
export interface UnitPlaces {
  /** Absolute path of Node's executable. */
  readonly node: string;
  /** Absolute path of the program that it runs. */
  readonly program: string;
  /** Absolute path of the folder that the package was unpacked to. */
  readonly packageFolder: string;
}

/** Writes the paths into a unit file: `@NODE@` and `@PROGRAM@` as words of a command line, `@DOCS@` as part of an address. */
export function fillUnit(template: string, { node, program, packageFolder }: UnitPlaces): string {
  const values: Readonly<Record<string, string>> = { NODE: quoteWord(node), PROGRAM: quoteWord(program), DOCS: escapeSpecifiers(encodeURI(`${packageFolder}/docs`)) };
  return template.replace(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole);
}

/**
 * One word of a command line (systemd.service(5), "Command lines"): blanks and quotes inside quotes, `%` and `$` doubled. A
 * path can hold a line feed, which would end the setting.
 */
function quoteWord(path: string): string {
  if (/^[\w@./+-]+$/.test(path)) return path;
  const escaped = path.replace(/[\\"]/g, '\\$&').replace(/\$/g, '$$$$').replace(/[\x00-\x1f\x7f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escapeSpecifiers(escaped)}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replace(/%/g, '%%');
}

/** Points the editor that opens the configuration to the schema of this package. */
export function fillConfiguration(template: string, { packageFolder }: UnitPlaces): string {
  return template.replace(/^(# yaml-language-server: \$schema=).*$/m, (_, start: string) => `${start}${encodeURI(packageFolder)}/dist/config.schema.json`);
}
