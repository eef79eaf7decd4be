import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findScript } from '../../src/inventory/script.ts';

const inFolder = (exe: string, ...words: string[]) => findScript(exe, words, () => '/srv/app');

describe('the script of an interpreter', () => {
  it.each<[words: string, script: string]>([
    ['/usr/bin/python3.11 python3 /tmp/x.py --port 443', '/tmp/x.py'],
    ['/usr/bin/python3.11 python3 -u -W ignore -X dev x.py', '/srv/app/x.py'],
    ['/usr/bin/python3.11 python3 -uWignore x.py -c y', '/srv/app/x.py'],
    ['/usr/bin/python3.11 python3 -uW ignore ../x.py', '/srv/x.py'],
    ['/usr/bin/python3.11 python3 --check-hash-based-pycs never ./x.py', '/srv/app/x.py'],
    ['/usr/bin/python3.11 python3 -- -x.py', '/srv/app/-x.py'],
    ['/usr/bin/python3.11 python3 /opt/app/../../tmp//x.py', '/tmp/x.py'],
    ['/opt/pypy/bin/pypy3.10 pypy3 /tmp/x', '/tmp/x'],
    ['/usr/bin/perl perl -w -I lib -MIO::Socket -T x.pl', '/srv/app/x.pl'],
    ['/usr/bin/perl5.36.0 perl -Ilib x.pl -e 1', '/srv/app/x.pl'],
    ['/usr/bin/ruby3.1 ruby -I lib -rsocket -W0 x.rb', '/srv/app/x.rb'],
    ['/usr/bin/ruby3.1 ruby --enable=yjit --encoding UTF-8 x.rb', '/srv/app/x.rb'],
    ['/usr/bin/node node --require ./hook.js --max-old-space-size=64 server.js -p 3000', '/srv/app/server.js'],
    ['/usr/bin/nodejs nodejs inspect server.js', '/srv/app/server.js'],
    ['/usr/bin/php8.2 php -S 0.0.0.0:80 -t /var/www router.php', '/srv/app/router.php'],
    ['/usr/bin/php8.2 php -d memory_limit=1G -f /tmp/x.php', '/tmp/x.php'],
    ['/usr/bin/bash bash -eux -o pipefail run.sh -c', '/srv/app/run.sh'],
    ['/usr/bin/bash -bash --rcfile /dev/null +x run.sh', '/srv/app/run.sh'],
    ['/bin/busybox /bin/sh /tmp/x.sh', '/tmp/x.sh'],
    ['/bin/busybox busybox ash x.sh', '/srv/app/x.sh'],
    ['/usr/bin/lua5.4 lua -l socket -e x=1 x.lua', '/srv/app/x.lua'],
    ['/usr/bin/tclsh8.6 tclsh -encoding utf-8 x.tcl', '/srv/app/x.tcl'],
    ['/usr/lib/jvm/java-17-openjdk-amd64/bin/java java -Xmx1g --add-opens java.base/java.lang=ALL-UNNAMED -jar app.jar -m', '/srv/app/app.jar'],
    ['/usr/bin/java java -cp lib /tmp/X.java', '/tmp/X.java'],
    ['/usr/bin/deno deno run -A --config deno.json main.ts', '/srv/app/main.ts'],
    ['/usr/bin/deno deno serve --port 80 main.ts', '/srv/app/main.ts'],
    ['/usr/bin/bun bun --hot run index.ts', '/srv/app/index.ts'],
  ])('%s', (words, script) => {
    const [exe = '', ...commandLine] = words.split(' ');
    expect(inFolder(exe, ...commandLine)).toBe(script);
  });

  it.each([
    '/usr/sbin/nginx nginx -c /tmp/x',
    '/usr/sbin/php-fpm8.2 php-fpm8.2 /tmp/x',
    '/usr/bin/python3.11 python3 -m http.server /tmp/x',
    '/usr/bin/python3.11 python3 -Ic print /tmp/x',
    '/usr/bin/python3.11 python3 - /tmp/x',
    '/usr/bin/python3.11 python3 --',
    '/usr/bin/python3.11 python3 -W',
    '/usr/bin/python3.11 python3',
    '/usr/bin/python3.11 ',
    '/usr/bin/perl perl -MIO -ne print /tmp/x',
    '/usr/bin/ruby3.1 ruby -rsocket -e code /tmp/x',
    '/usr/bin/node node --eval=code /tmp/x',
    '/usr/bin/node node -p code /tmp/x',
    '/usr/bin/php8.2 php -r code /tmp/x',
    '/usr/bin/php8.2 php -S 0.0.0.0:80',
    '/usr/bin/dash sh -xc code /tmp/x',
    '/usr/bin/dash sh -s /tmp/x',
    '/bin/busybox nc -l -p 80',
    '/bin/busybox busybox',
    '/usr/bin/java java -cp /tmp org.example.Main -jar x.jar',
    '/usr/bin/java java @/tmp/options',
    '/usr/bin/java java -m app/org.example.Main /tmp/x.java',
    '/usr/bin/deno deno run https://example.org/x.ts',
    '/usr/bin/deno deno repl',
    '/memfd:python3 python3 /tmp/x',
  ])('is none: %s', (words) => {
    const [exe = '', ...commandLine] = words.split(' ');
    expect(inFolder(exe, ...commandLine)).toBeNull();
  });

  it('is not known where the executable, the command line or the folder cannot be read', () => {
    expect(findScript(null, ['python3', '/tmp/x'], () => '/')).toBeNull();
    expect(findScript('/usr/bin/python3', null, () => '/')).toBeNull();
    expect(findScript('/usr/bin/python3', ['python3', 'x'], () => null)).toBeNull();
    expect(findScript('/usr/bin/python3', ['python3', 'x'], () => '(unreachable)/a')).toBeNull();
    expect(findScript('/usr/bin/python3', ['python3', '/tmp/x'], () => null)).toBe('/tmp/x');
  });

  it('asks for the folder only where the path is relative', () => {
    expect(
      findScript('/usr/bin/python3', ['python3', '/tmp/x'], () => {
        throw new Error('asked');
      }),
    ).toBe('/tmp/x');
  });

  it('is an absolute path, whatever the command line', () => {
    const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('-', '--', '-c', '-jar', '-m', 'run', '-uW', '/tmp/x', 'busybox', 'sh'));
    const exe = fc.constantFrom('/usr/bin/python3', '/usr/bin/perl', '/usr/bin/node', '/usr/bin/php8.2', '/bin/busybox', '/usr/bin/java', '/usr/bin/deno', '/usr/bin/bash');
    fc.assert(
      fc.property(exe, fc.array(word, { maxLength: 6 }), (path, words) => {
        const script = inFolder(path, ...words);
        return script === null || script.startsWith('/');
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    );
  });
});
