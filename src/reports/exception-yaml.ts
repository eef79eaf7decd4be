import type { AuditedListener } from '../model/audit.ts';
import { literalPattern } from '../model/literal-pattern.ts';
import { offerException } from './offered-exception.ts';
import { yamlText, yamlValues } from './yaml-scalar.ts';

/**
 * A policy file that silences exactly what may be offered of the standing findings of these listeners, and nothing else: by port, scope, and
 * every owner's executable, user and unit, as far as they are known. What cannot be narrowed down says so in a comment.
 * Every text in it is quoted as YAML needs, in ASCII; lines must not be wrapped.
 */
export function renderException(listeners: readonly AuditedListener[]): string[] {
  const ids = new Map<string, number>();
  const bodies = new Set<string>();
  const lines = ['version: 1', 'exceptions:'];
  for (const listener of listeners) {
    const { rules } = offerException(listener);
    if (rules.length === 0) continue;
    const body = [`    rules: [${rules.map(yamlText).join(', ')}]`, '    match:', ...matchLines(listener).map((line) => `      ${line}`)];
    // One program on 0.0.0.0 and on [::] needs one exception.
    if (bodies.has(body.join('\n'))) continue;
    bodies.add(body.join('\n'));
    const id = exceptionId(listener);
    const taken = ids.get(id) ?? 0;
    ids.set(id, taken + 1);
    lines.push(`  - id: ${taken === 0 ? id : `${id}-${taken + 1}`}`, ...body, '    reason: TODO', '    # expires: YYYY-MM-DD');
  }
  return lines;
}

function exceptionId({ port, protocol, ipProtocol, owners, activation }: AuditedListener): string {
  const holder = (activation?.unit ?? owners[0]?.name ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 32).replace(/^-+|-+$/g, '');
  return ['allow', port ?? ipProtocol ?? 'any', protocol, holder].filter((part) => part !== '').join('-');
}

function matchLines(listener: AuditedListener): string[] {
  const { protocol, port, scope, interface: boundTo } = listener;
  return [
    `protocol: ${protocol}`,
    ...(port === null ? [] : [`port: ${port}`]),
    `scope: ${scope}`,
    ...(boundTo === null ? [] : [`interface: ${yamlText(boundTo)}`]),
    ...holderLines(listener),
  ];
}

function holderLines({ ownerKind, owners, activation, socketUser, socketUid }: AuditedListener): string[] {
  // The service manager holds the socket now, and the service too once it runs: only the unit is there in both cases.
  if (activation !== null) return ['activated: true'];
  if (ownerKind === 'kernel') return ['ownerKind: kernel'];
  if (ownerKind === 'unknown') {
    return ['ownerKind: unknown', ...userLines([{ user: socketUser, uid: socketUid }]), '# Run as root to learn the owner before you approve it.'];
  }
  const exes = owners.map(({ exe }) => (exe === null ? null : literalPattern(exe)));
  const contained = owners.length > 0 && owners.every(({ container }) => container !== null);
  const units = owners.map(({ unit }) => (unit?.endsWith('.service') === true ? literalPattern(unit) : null));
  return [
    ...(allKnown(exes) ? [`exe: ${yamlValues(exes)}`] : ['# Run as root to learn the executable, and add it as exe.']),
    ...userLines(owners),
    // A container's unit and id change whenever it is made anew; a session's scope does with every login.
    ...(contained ? ['container: true'] : allKnown(units) ? [`unit: ${yamlValues(units)}`] : []),
  ];
}

function userLines(owners: readonly { readonly user: string | null; readonly uid: number | null }[]): string[] {
  const users = owners.map(({ user }) => user);
  if (allKnown(users)) return [`user: ${yamlValues(users)}`];
  const uids = owners.map(({ uid }) => uid);
  return allKnown(uids) ? [`uid: ${yamlValues(uids)}`] : [];
}

function allKnown<Value>(values: readonly (Value | null)[]): values is readonly Value[] {
  return values.length > 0 && values.every((value) => value !== null);
}
