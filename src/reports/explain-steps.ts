import type { Explanation } from '../model/explanation.ts';
import type { Transport } from '../model/registry.ts';
import { renderException } from './exception-yaml.ts';
import { offerException } from './offered-exception.ts';
import { paint } from './paint.ts';
import { stopSteps } from './stop-listener.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const DEEP = INDENT.repeat(2);
const MOST_PIDS = 3;

/** What to do about this very case: the advice, how to look, how to stop it, how to allow it. Commands are never wrapped: they are to be copied. */
export function renderNextSteps(explanation: Explanation, options: TextOptions): string[] {
  const { listeners, host } = explanation;
  const { columns, colour } = options;
  const advice = new Set(listeners.flatMap((listener) => word.standingFindings(listener).flatMap((finding) => (finding.advice === null ? [] : fillCommands(finding.advice, explanation)))));
  const offers = listeners.map((listener) => ({ listener, ...offerException(listener) }));
  const offered = offers.flatMap(({ listener, rules }) => (rules.length > 0 ? [listener] : []));
  const refusals = new Set(offers.flatMap(({ refused }) => (refused === null ? [] : [`No exception is offered for ${refused.rules.join(', ')}. ${refused.reason}`])));
  const { own, others } = lookCommands(explanation);
  const blocks = [
    [...advice].flatMap((text) => wrapText(word.showParagraph(text, options), columns, INDENT)),
    [`${INDENT}See for yourself:`, ...own.map((command) => DEEP + command)],
    [`${INDENT}On other systems:`, ...others.map(([system, command]) => `${DEEP}${system.padEnd(8)} ${command}`)],
    stopSteps(listeners, host.platform).flatMap(({ text, commands }) => [...wrapText(word.showText(text, options), columns, INDENT), ...commands.map((command) => DEEP + command)]),
    offered.length === 0
      ? []
      : [...wrapText('To approve exactly what listens here now, put this into a policy file, with a reason:', columns, INDENT), ...renderException(offered).map((line) => DEEP + line)],
    [...refusals].flatMap((text) => wrapText(word.showText(text, options), columns, INDENT)),
  ].filter((block) => block.length > 0);
  return [paint('What to do next', 'bold', colour), ...blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]))];
}

/** Advice writes PORT and PID in its commands. Here the one is known, and so is the other where all that listens is one process. */
function fillCommands(advice: string, { port, listeners }: Explanation): string {
  const [pid = 'PID', ...others] = new Set(listeners.flatMap(({ owners }) => owners.map((owner) => String(owner.pid))));
  return advice.replace(/`[^`]*`/g, (command) => command.replace(/\bPORT\b/g, String(port)).replace(/\bPID\b/g, others.length > 0 ? 'PID' : pid));
}

type System = 'Linux' | 'macOS' | 'Windows' | 'FreeBSD';
const SYSTEMS: Readonly<Record<string, System>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows', freebsd: 'FreeBSD' };

interface LookCommands {
  readonly own: readonly string[];
  readonly others: readonly (readonly [System, string])[];
}

/** All that helps on this host's own system, and for each of the others the one command that answers. */
function lookCommands({ port, transports, listeners, peers, host }: Explanation): LookCommands {
  const asked = new Set(transports.map(({ transport }) => transport));
  const heard = new Set<string>(listeners.map(({ protocol }) => protocol));
  // SCTP and DCCP are asked about along with the rest; a command for them helps only where they matter.
  const matters = (transport: Transport): boolean => asked.has(transport) && (asked.size === 1 || heard.has(transport) || transport === 'tcp' || transport === 'udp');
  const wanted = { tcp: matters('tcp'), udp: matters('udp'), sctp: matters('sctp'), dccp: matters('dccp') };
  const pids = [...new Set(listeners.flatMap(({ owners }) => owners.map(({ pid }) => pid)))].filter((pid) => pid > 1).slice(0, MOST_PIDS);
  const isConnected = peers?.some(({ protocol, total }) => protocol === 'tcp' && total > 0) === true;
  const all: Readonly<Record<System, readonly string[]>> = {
    Linux: linuxCommands(port, wanted, pids, isConnected),
    macOS: macCommands(port, wanted, pids),
    Windows: windowsCommands(port, wanted, pids),
    FreeBSD: [`sockstat -46l -p ${port}`, `procstat binary ${pids.join(' ')}`].slice(0, pids.length > 0 ? 2 : 1),
  };
  const system = Object.hasOwn(SYSTEMS, host.platform) ? SYSTEMS[host.platform] ?? 'Linux' : 'Linux';
  const others = (['Linux', 'macOS', 'Windows'] as const).filter((other) => other !== system);
  return { own: all[system], others: others.flatMap((other) => all[other].slice(0, 1).map((command) => [other, command] as const)) };
}

type Wanted = Readonly<Record<Transport, boolean>>;

/** Commands name processes by pid alone, so that nothing that a process chose is ever pasted into a shell. */
function linuxCommands(port: number, { tcp, udp, sctp, dccp }: Wanted, pids: readonly number[], isConnected: boolean): string[] {
  const flags = `${tcp ? 't' : ''}${udp ? 'u' : ''}${sctp ? 'S' : ''}${dccp ? 'd' : ''}`;
  const internet = tcp === udp ? `:${port}` : `${tcp ? 'TCP' : 'UDP'}:${port}`;
  return [
    `sudo ss -Hlnp${flags} 'sport = :${port}'`,
    ...(tcp || udp ? [`sudo lsof -nP -i ${internet}`] : []),
    ...(isConnected ? [`ss -Htn state connected 'sport = :${port}'`] : []),
    ...pids.flatMap((pid) => [`sudo ls -l /proc/${pid}/exe`, `systemctl status ${pid}`]),
  ];
}

function macCommands(port: number, { tcp, udp }: Wanted, pids: readonly number[]): string[] {
  if (!tcp && !udp) return [`netstat -anv | grep '[.]${port} '`];
  const internet = [...(tcp ? [`-iTCP:${port} -sTCP:LISTEN`] : []), ...(udp ? [`-iUDP:${port}`] : [])].join(' ');
  return [`sudo lsof -nP ${internet}`, `netstat -anv | grep '[.]${port} '`, ...pids.map((pid) => `ps -p ${pid} -o pid,user,lstart,command`)];
}

function windowsCommands(port: number, { tcp, udp }: Wanted, pids: readonly number[]): string[] {
  const netstat = `netstat -ano|findstr ":${port} "`;
  return [
    // The blank behind the number keeps 80 from finding 8080.
    tcp ? `Get-NetTCPConnection -LocalPort ${port}; ${netstat}` : udp ? `Get-NetUDPEndpoint -LocalPort ${port}; ${netstat}` : netstat,
    ...pids.map((pid) => `Get-Process -Id ${pid} | Format-List Id, Path, StartTime`),
  ];
}
