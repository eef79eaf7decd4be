import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../systemd/${name}`, import.meta.url)), 'utf8');
/** `[Section] Key=value` of each setting, in order. */
const settingsOf = (name: string): readonly string[] => {
  let section = '';
  return read(name).split('\n').flatMap((line) => {
    if (/^\[\w+\]$/.test(line)) section = line;
    return line === '' || line.startsWith('#') || line === section ? [] : [`${section} ${line}`];
  });
};
const valuesOf = (name: string, key: string) => settingsOf(name).filter((line) => line.startsWith(`[Service] ${key}=`)).map((line) => line.slice(line.indexOf('=') + 1));

/** What the two services do, not what they may. */
const OWN = /^\[Service\] (?:Type|Environment|Exec\w+|Syslog\w+|Watchdog\w+|Timeout\w+|Restart\w*|SuccessExitStatus|RuntimeDirectory\w*|LogsDirectory\w*|ReadWritePaths|MemoryMax|OOMScoreAdjust)=/;

describe('the units', () => {
  it('give the audit by timer the sandbox of the daemon', () => {
    const sandbox = (name: string) => settingsOf(name).filter((line) => line.startsWith('[Service]') && !OWN.test(line));
    expect(sandbox('portreeve-audit.service')).toEqual(sandbox('portreeve.service'));
  });

  it('say of each capability what it is for', () => {
    const text = read('portreeve.service');
    const given = valuesOf('portreeve.service', 'CapabilityBoundingSet').flatMap((value) => value.split(' '));
    expect(given).toEqual(['CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE', 'CAP_SYS_ADMIN']);
    for (const capability of given) expect(text).toMatch(new RegExp(`^#   ${capability} +[a-z]`, 'm'));
  });

  it('open the network in one drop-in alone', () => {
    expect(valuesOf('portreeve.service', 'RestrictAddressFamilies')).toEqual(['AF_UNIX AF_NETLINK']);
    expect(valuesOf('portreeve.service', 'IPAddressDeny')).toEqual(['any']);
    expect(settingsOf('portreeve-network.conf')).toEqual(['[Service] RestrictAddressFamilies=AF_INET AF_INET6', '[Service] IPAddressDeny=']);
  });

  it('start what the timer is for', () => {
    expect(settingsOf('portreeve-audit.timer')).toContain('[Install] WantedBy=timers.target');
    expect(valuesOf('portreeve-audit.service', 'ExecStart')).toEqual([expect.stringMatching(/^@NODE@ @PROGRAM@ audit --now\b/)]);
    expect(valuesOf('portreeve.service', 'ExecStart')).toEqual([expect.stringMatching(/^@NODE@ (?:--\S+ )*@PROGRAM@ daemon$/)]);
  });
});
