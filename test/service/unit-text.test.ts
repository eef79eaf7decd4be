import { describe, expect, it } from 'vitest';
import { fillConfiguration, fillUnit } from '../../src/service/unit-text.ts';

const fill = (node: string, program = '/p.cjs', packageFolder = '/p') => fillUnit('ExecStart=@NODE@ --flag @PROGRAM@ daemon\nDocumentation=file:@DOCS@/daemon.md\n', { node, program, packageFolder });

describe('a unit file', () => {
  it('runs Node and the program where they are', () => {
    expect(fill('/usr/bin/node', '/usr/lib/node_modules/portreeve/dist/bin/portreeve.cjs', '/usr/lib/node_modules/portreeve')).toBe(
      'ExecStart=/usr/bin/node --flag /usr/lib/node_modules/portreeve/dist/bin/portreeve.cjs daemon\nDocumentation=file:/usr/lib/node_modules/portreeve/docs/daemon.md\n',
    );
  });

  // systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".
  it.each([
    ['/opt/my node/bin', '"/opt/my node/bin"'],
    ['/opt/100%/node', '"/opt/100%%/node"'],
    ['/opt/$HOME/node', '"/opt/$$HOME/node"'],
    ['/opt/"q"\\x/node', '"/opt/\\"q\\"\\\\x/node"'],
    ['/opt/a\nExecStart=/bin/evil', '"/opt/a\\x0aExecStart=/bin/evil"'],
    ['/opt/$&$1@PROGRAM@', '"/opt/$$&$$1@PROGRAM@"'],
  ])('takes the path %j as one word', (path, word) => {
    expect(fill(path)).toContain(`ExecStart=${word} --flag /p.cjs daemon\n`);
  });

  it('has an address for its documentation, whatever the folder is called', () => {
    expect(fill('/n', '/p.cjs', '/opt/a b')).toContain('Documentation=file:/opt/a%%20b/docs/daemon.md\n');
  });

  it('keeps what is no place for a path', () => {
    expect(fillUnit('# @NOBODY@ user@host.example\n', { node: '/n', program: '/p', packageFolder: '/f' })).toBe('# @NOBODY@ user@host.example\n');
  });
});

describe('the configuration', () => {
  it('names the schema of the package that installed it', () => {
    const text = fillConfiguration('# yaml-language-server: $schema=/elsewhere/schema.json\n#\nversion: 1\n', { node: '/n', program: '/p', packageFolder: '/opt/port reeve' });
    expect(text).toBe('# yaml-language-server: $schema=/opt/port%20reeve/dist/config.schema.json\n#\nversion: 1\n');
  });
});
