import type { AuditedListener, Finding } from '../model/audit.ts';
import type { Proposals, ProposedException, ProposedField, WithheldListener } from '../model/baseline.ts';
import { describeExecutableFault } from '../model/executable-fault.ts';
import { isAboutExecutable } from '../model/executable-rules.ts';
import type { Owner } from '../model/listener.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import { proposeMatch, wouldCover } from './propose-match.ts';

export interface ProposalChoice {
  /** Findings below it are left as they are. */
  readonly minSeverity: Severity;
  /** Propose for critical findings too, and for what is wrong with an executable itself: deleted, never a file, in /tmp. */
  readonly includeCritical: boolean;
  /** Join the ports of what is alike in everything else into one exception. */
  readonly joinPorts: boolean;
  /** Ids that are taken. */
  readonly takenIds: ReadonlySet<string>;
  /** The owners whom a policy judges. */
  readonly judgedOwners: (listener: AuditedListener) => readonly Owner[];
}

/**
 * Proposes exceptions for the findings of a scan that still stand, as narrow as its evidence allows, and names the
 * listeners for which there is none. All proposals together silence the findings of `listeners` that they list, and no
 * other finding of the scan: what could not be told apart from a withheld listener is withheld too.
 */
export function proposeExceptions(listeners: readonly AuditedListener[], choice: ProposalChoice): Proposals {
  const manyNamespaces = new Set(listeners.map(({ netns }) => netns.inode ?? netns.name)).size > 1;
  const candidates: Candidate[] = [];
  const withheld: WithheldListener[] = [];
  for (const listener of listeners) {
    const rules = standingRules(listener.findings, choice.minSeverity);
    if (rules.length === 0) continue;
    const reason = describeFault(listener, choice.includeCritical);
    if (reason !== null) {
      withheld.push({ listener, rules, reason });
      continue;
    }
    const ofExecutable = choice.includeCritical ? [] : rules.filter(isAboutExecutable);
    const proposed = rules.filter((rule) => !ofExecutable.includes(rule));
    if (proposed.length > 0) candidates.push({ listener, rules: proposed, match: proposeMatch(listener, manyNamespaces) });
    if (ofExecutable.length > 0) withheld.push({ listener, rules: ofExecutable, reason: `${ofExecutable.join(', ')}: what is wrong is the program itself.` });
  }
  const groups = withholdTwins(joinAlike(candidates, choice.joinPorts), withheld, choice.judgedOwners);
  return { exceptions: nameGroups(groups, choice.takenIds), withheld };
}

interface Candidate {
  readonly listener: AuditedListener;
  readonly rules: readonly string[];
  readonly match: readonly ProposedField[];
}

function standingRules(findings: readonly Finding[], least: Severity): readonly string[] {
  return findings.filter(({ excepted, severity }) => excepted === null && severityRank(severity) >= severityRank(least)).map(({ rule }) => rule);
}

/** Why nothing is proposed for a listener, or null. */
function describeFault(listener: AuditedListener, includeCritical: boolean): string | null {
  const { ownerKind, ownerNote, owners, findings } = listener;
  if (ownerKind === 'kernel') return null;
  if (ownerKind === 'unknown') return asSentence(`Its owner is unknown: ${ownerNote?.detail ?? 'nothing tells'}`);
  if (ownerNote?.code === 'concealed') return asSentence(`One of its owners is hidden: ${ownerNote.detail}`);
  if (ownerNote !== null) return asSentence(`The owner of one of its sockets is unknown: ${ownerNote.detail}`);
  const faults = owners.flatMap((owner) => describeExecutableFault(owner, includeCritical) ?? []);
  const [fault] = faults;
  if (owners.length === 0 || fault !== undefined) return fault ?? 'Its owner is unknown.';
  const critical = findings.find(({ severity, excepted }) => severity === 'critical' && excepted === null);
  return critical === undefined || includeCritical ? null : `${critical.rule} is critical: look at it before anything of it is silenced.`;
}

function asSentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

type Group = Omit<ProposedException, 'id'>;

function joinAlike(candidates: readonly Candidate[], joinPorts: boolean): readonly Group[] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = JSON.stringify([candidate.rules, candidate.match.filter(({ field }) => !joinPorts || field !== 'port')]);
    const alike = groups.get(key);
    if (alike === undefined) groups.set(key, [candidate]);
    else alike.push(candidate);
  }
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const listeners = alike.map(({ listener }) => listener).sort((one, other) => (one.port ?? 0) - (other.port ?? 0));
    const ports = [...new Set(listeners.flatMap(({ port }) => port ?? []))];
    return [{ rules: first.rules, match: first.match.map((field) => (field.field === 'port' ? { ...field, values: ports } : field)), listeners }];
  });
}

/** Moves to `withheld` the groups whose exception would cover one there, until none would: each may be the twin of a next. */
function withholdTwins(groups: readonly Group[], withheld: WithheldListener[], judgedOwners: ProposalChoice['judgedOwners']): readonly Group[] {
  for (let left = groups; ; ) {
    const kept = left.filter((group) => {
      const twin = withheld.find(({ listener, rules }) => rules.some((rule) => group.rules.includes(rule)) && wouldCover(group.match, listener, judgedOwners));
      if (twin === undefined) return true;
      const reason = `An exception for it would silence another as well that is withheld: ${twin.listener.id}.`;
      withheld.push(...group.listeners.map((listener) => ({ listener, rules: group.rules, reason })));
      return false;
    });
    if (kept.length === left.length) return kept;
    left = kept;
  }
}

function nameGroups(groups: readonly Group[], takenIds: ReadonlySet<string>): readonly ProposedException[] {
  const taken = new Set(takenIds);
  return groups.map((group) => {
    const name = nameGroup(group);
    let id = name;
    for (let number = 2; taken.has(id); number++) id = `${name}-${number}`;
    taken.add(id);
    return { id, ...group };
  });
}

/** `allow-1302-tcp-licd`; of many ports the first: an id is read more often than it is typed. */
function nameGroup({ listeners, match }: Group): string {
  const [first] = listeners;
  if (first === undefined) return 'allow';
  const { port, protocol, ipProtocol, activation, ownerKind, owners } = first;
  const ports = match.find(({ field }) => field === 'port')?.values ?? [];
  const more = ports.length > 1 ? `and-${ports.length - 1}-more` : '';
  const exe = owners[0]?.exe ?? '';
  const holder = activation?.unit ?? (ownerKind === 'kernel' ? 'kernel' : exe.slice(exe.lastIndexOf('/') + 1));
  const slug = holder.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 32).replace(/^-+|-+$/g, '');
  return ['allow', port ?? ipProtocol ?? '', more, protocol, slug].filter((part) => part !== '').join('-');
}
