import type { RegisteredListener } from '../model/audit.ts';
import { bindScope, parseIpAddress } from '../model/ip-address.ts';
import { BIND_SCOPES, OWNER_KINDS, UNKNOWN_REASONS, type BindScope, type Owner, type OwnerKind, type UnknownReason } from '../model/listener.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES, type AssignmentStatus, type PortFacts, type PortRange } from '../model/registry.ts';
import { PROTOCOLS, type Protocol } from '../model/socket.ts';
import { describeNode, type PlacedNode } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { readList, readMapping, readRequired } from '../yaml/read-mapping.ts';
import { AGE_UNITS } from './age.ts';
import { choiceOf, flag, integerIn, text, type FieldValue, type ValueKind } from './value-kinds.ts';

type ScalarKind = Pick<ValueKind<never>, 'check' | 'expected'>;

const LISTENER_KINDS: Readonly<Record<string, ScalarKind>> = {
  protocol: choiceOf(PROTOCOLS),
  address: text(),
  port: integerIn(0, 65535),
  ipProtocol: integerIn(0, 255),
  scope: choiceOf(BIND_SCOPES),
  interface: text(),
  netns: text(),
  dualStack: flag,
  ephemeral: flag,
  status: choiceOf(ASSIGNMENT_STATUSES),
  range: choiceOf(PORT_RANGES),
  service: text(),
  ownerKind: choiceOf(OWNER_KINDS),
  ownerReason: choiceOf(UNKNOWN_REASONS),
  socketUid: integerIn(0, 4294967295),
  socketUser: text(),
  peers: flag,
};

const SPAN = /^([1-9][0-9]{0,5})([smhdw])$/;
const AGE_EXPECTED = 'an age like 90s, 10m, 5h or 30d';

/** How long a process of a test has been running. */
const exactAge: ScalarKind = {
  expected: AGE_EXPECTED,
  check: (scalar) =>
    typeof scalar.value === 'string' && SPAN.test(scalar.value)
      ? { value: scalar.value }
      : { fault: { message: `expected ${AGE_EXPECTED}, found ${describeNode(scalar)}`, hint: null } },
};

const OWNER_VALUE_KINDS: Readonly<Record<string, ScalarKind>> = {
  pid: integerIn(1, 4194304),
  exe: text(),
  name: text(),
  user: text(),
  uid: integerIn(0, 4294967295),
  unit: text(),
  container: text(),
  exeDeleted: flag,
  exeReplaced: flag,
  exeForeign: flag,
  commandLine: text(),
  script: text(),
  exePackage: text(),
  age: exactAge,
};
const ACTIVATION_KINDS: Readonly<Record<string, ScalarKind>> = { unit: text(), service: text() };
/** Facts that a host may lack: `null` spells the lack out, where leaving the key out gives the default. */
const NULLABLE: ReadonlySet<string> = new Set([
  ...['interface', 'netns', 'ephemeral', 'service', 'socketUid', 'socketUser', 'peers'],
  ...['exe', 'user', 'uid', 'unit', 'container', 'exeDeleted', 'exeReplaced', 'exeForeign', 'commandLine', 'script'],
]);
const LONGEST_KERNEL_NAME = 15;

type Values = ReadonlyMap<string, FieldValue | null>;

/**
 * The listener of a rule test: `protocol`, `address` and `port` (but for raw), and whatever else the case is about.
 * Defaults: family and scope from the address; range from the port; status `dynamic` from 49152 on, else `assigned`
 * where a `service` is given, else `unassigned`; `ownerKind` process where there are owners, else unknown, which needs
 * an `ownerReason`; the socket's user from the first owner; not ephemeral; executables neither deleted nor replaced. Not
 * known unless told: `peers`, and of an owner `exePackage` (`none` for no package) and `age`, counted back from `now`.
 * Null where anything is wrong, which is logged.
 */
export function readTestListener(node: PlacedNode, log: ProblemLog, now: Date): RegisteredListener | null {
  const entries = readMapping(node, 'a listener', [...Object.keys(LISTENER_KINDS), 'aliases', 'owners', 'activation'], log);
  if (entries === null) return null;
  for (const key of ['protocol', 'address']) readRequired(entries, key, node, 'a listener', log);
  const values = readValues(node, LISTENER_KINDS, log);
  const owners = readOwners(entries.get('owners')?.value, log, now);
  const activation = readActivation(entries.get('activation')?.value, log);
  const aliases = (entries.has('aliases') ? readList(entries.get('aliases')?.value ?? node, 'aliases', log) : []) ?? [];

  const address = take(values, 'address', '');
  const parsed = parseIpAddress(address);
  if (parsed === null && values.has('address')) log.error(entries.get('address')?.value.at ?? node.at, 'address: not an IP address');
  const protocol = take<Protocol>(values, 'protocol', 'tcp');
  const port = take<number | null>(values, 'port', null);
  if ((port === null) !== (protocol === 'raw')) log.error(node.at, protocol === 'raw' ? 'a raw socket has no port' : 'a listener needs the key "port"');
  const ownerKind = take<OwnerKind>(values, 'ownerKind', owners.length > 0 ? 'process' : 'unknown');
  const reason = take<UnknownReason | null>(values, 'ownerReason', null);
  if ((ownerKind === 'process') !== owners.length > 0) log.error(node.at, `a listener of owner kind ${ownerKind} has ${ownerKind === 'process' ? '' : 'no '}owners`);
  if (ownerKind === 'unknown' && reason === null) log.error(node.at, 'nothing says who holds the listener', `Add owners: [{ exe: /usr/sbin/nginx }], or ownerKind: kernel, or why it is not known: ownerReason: ${UNKNOWN_REASONS[0]}`);
  if (ownerKind === 'kernel' && reason !== null) log.error(node.at, 'ownerReason says why an owner is unknown, and the kernel is known');
  if (log.failed) return null;

  return {
    id: `test:${protocol}:${address}:${port ?? ''}`,
    protocol,
    family: parsed?.family ?? 'ipv4',
    address,
    port,
    ipProtocol: protocol === 'raw' ? take(values, 'ipProtocol', 1) : null,
    scope: take<BindScope>(values, 'scope', bindScope(address)),
    interface: take<string | null>(values, 'interface', null),
    dualStack: take(values, 'dualStack', false),
    sockets: 1,
    netns: { inode: 1, name: take<string | null>(values, 'netns', 'host') },
    ephemeral: take<boolean | null>(values, 'ephemeral', false),
    socketUid: take(values, 'socketUid', owners[0]?.uid ?? null),
    socketUser: take(values, 'socketUser', owners[0]?.user ?? null),
    ownerKind,
    ownerNote: ownerKind === 'process' && reason === null ? null : { code: reason ?? 'kernel', detail: 'as the test says' },
    owners,
    activation,
    ...(values.has('peers') ? { peers: take<boolean | null>(values, 'peers', null) } : {}),
    registry: port === null ? null : factsOf(port, values, aliases),
  };
}

function factsOf(port: number, values: Values, aliases: readonly PlacedNode[]): PortFacts {
  const service = take<string | null>(values, 'service', null);
  const range: PortRange = port >= 49152 ? 'dynamic' : port >= 1024 ? 'user' : 'system';
  const usual: AssignmentStatus = range === 'dynamic' ? 'dynamic' : service === null ? 'unassigned' : 'assigned';
  return {
    status: take(values, 'status', usual),
    range: take(values, 'range', range),
    service,
    aliases: aliases.flatMap((alias) => (alias.kind === 'scalar' ? [String(alias.value)] : [])),
    since: null,
    former: null,
  };
}

function readOwners(node: PlacedNode | undefined, log: ProblemLog, now: Date): readonly Owner[] {
  const items = node && readList(node, 'owners', log);
  return (items ?? []).map((item, index) => {
    readMapping(item, 'an owner', Object.keys(OWNER_VALUE_KINDS), log);
    const values = readValues(item, OWNER_VALUE_KINDS, log);
    const exe = take<string | null>(values, 'exe', null);
    const name = take(values, 'name', (exe ?? '').slice((exe ?? '').lastIndexOf('/') + 1).slice(0, LONGEST_KERNEL_NAME));
    if (name === '') log.error(item.at, 'an owner needs an exe or a name');
    return {
      pid: take(values, 'pid', 1000 + index),
      name,
      exe,
      exeDeleted: take<boolean | null>(values, 'exeDeleted', false),
      exeReplaced: take<boolean | null>(values, 'exeReplaced', false),
      // A container has a file system of its own.
      exeForeign: take<boolean | null>(values, 'exeForeign', take<string | null>(values, 'container', null) !== null),
      commandLine: take<string | null>(values, 'commandLine', null)?.split(' ') ?? null,
      script: take<string | null>(values, 'script', null),
      uid: take<number | null>(values, 'uid', null),
      user: take<string | null>(values, 'user', null),
      unit: take<string | null>(values, 'unit', null),
      innerUnit: null,
      container: take<string | null>(values, 'container', null),
      startedAt: startOf(take<string | null>(values, 'age', null), now),
      ...packageOf(take<string | null>(values, 'exePackage', null)),
    };
  });
}

function startOf(age: string | null, now: Date): string | null {
  const [, count, unit] = SPAN.exec(age ?? '') ?? [];
  return count === undefined ? null : new Date(now.getTime() - Number(count) * (AGE_UNITS[unit ?? ''] ?? 0) * 1000).toISOString();
}

/** As a policy writes it, `none` for no package. */
function packageOf(name: string | null): Pick<Owner, 'exePackage'> {
  return name === null ? {} : { exePackage: name === 'none' ? null : name };
}

function readActivation(node: PlacedNode | undefined, log: ProblemLog): RegisteredListener['activation'] {
  if (node === undefined) return null;
  const entries = readMapping(node, 'an activation', Object.keys(ACTIVATION_KINDS), log);
  if (entries !== null) readRequired(entries, 'unit', node, 'an activation', log);
  const values = readValues(node, ACTIVATION_KINDS, log);
  return { unit: take(values, 'unit', ''), service: take<string | null>(values, 'service', null) };
}

/** The plain values of a mapping, each checked. */
function readValues(node: PlacedNode, kinds: Readonly<Record<string, ScalarKind>>, log: ProblemLog): Values {
  const values = new Map<string, FieldValue | null>();
  for (const { key, value } of node.kind === 'mapping' ? node.entries : []) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
    if (kind === undefined) continue;
    if (value.kind !== 'scalar') {
      log.error(value.at, `${key}: expected ${kind.expected}, found ${describeNode(value)}`);
    } else if (value.value === null && NULLABLE.has(key)) {
      values.set(key, null);
    } else {
      const checked = kind.check(value);
      if ('fault' in checked) log.error(value.at, `${key}: ${checked.fault.message}`, checked.fault.hint);
      else values.set(key, checked.value);
    }
  }
  return values;
}

/** The value of a key, or the default where the key was left out. The key's kind has made sure of the type. */
function take<Value extends FieldValue | null>(values: Values, key: string, otherwise: Value): Value {
  return values.has(key) ? (values.get(key) as Value) : otherwise;
}
