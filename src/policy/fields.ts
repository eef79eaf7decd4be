import type { RegisteredListener } from '../model/audit.ts';
import { BIND_SCOPES, OWNER_KINDS, UNKNOWN_REASONS, type Owner } from '../model/listener.ts';
import type { Truth } from '../model/policy.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES } from '../model/registry.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { age } from './age.ts';
import { truthOf } from './truth.ts';
import {
  address,
  choiceOf,
  flag,
  glob,
  integerIn,
  packageGlob,
  pathGlob,
  port,
  processGlob,
  readAddressFact,
  scriptGlob,
  serviceName,
  text,
  type FieldValue,
  type ValueKind,
} from './value-kinds.ts';

/** The time by which ages are judged. */
export type Clock = () => Date;

/** `owner` null: nobody is known to hold the listener. */
export type FieldTest = (listener: RegisteredListener, owner: Owner | null) => Truth;

/** A field of `match`. This table drives validation and compilation, and is what a schema and a manual are made from. */
export interface FieldDefinition {
  readonly name: string;
  /** A `listener` field is the same for every owner; an `owner` field is asked of each in turn. */
  readonly level: 'listener' | 'owner';
  readonly kind: Pick<ValueKind<never>, 'expected' | 'schema' | 'takesList' | 'check'>;
  /** One line for a person. */
  readonly description: string;
  /** `now` null: there is no clock, and every age is unknown. */
  compile(values: readonly FieldValue[], now: Clock | null): FieldTest;
}

/** The fact is known to be none: no unit, no interface. Unlike an unknown it is a definite "does not match". */
const NONE = Symbol('none');
type Known<Fact> = Fact | typeof NONE | null;

function listenerField<Fact>(
  name: string,
  kind: ValueKind<Fact>,
  description: string,
  factOf: (listener: RegisteredListener) => Known<Fact>,
): FieldDefinition {
  return defineField(name, 'listener', kind, description, factOf);
}

function ownerField<Fact>(name: string, kind: ValueKind<Fact>, description: string, factOf: (owner: Owner) => Known<Fact>): FieldDefinition {
  return defineField(name, 'owner', kind, description, (_, owner) => (owner === null ? null : factOf(owner)));
}

function defineField<Fact>(
  name: string,
  level: FieldDefinition['level'],
  kind: ValueKind<Fact>,
  description: string,
  factOf: (listener: RegisteredListener, owner: Owner | null) => Known<Fact>,
): FieldDefinition {
  return {
    name,
    level,
    kind,
    description,
    compile(values) {
      const test = kind.compile(values);
      return (listener, owner) => {
        const fact = factOf(listener, owner);
        if (fact === null) return 'unknown';
        return fact === NONE ? 'false' : truthOf(test(fact));
      };
    },
  };
}

/** `true` or `false` ask whether there is a container at all, a pattern asks which. */
const containerField: FieldDefinition = {
  name: 'container',
  level: 'owner',
  kind: {
    expected: 'true, false, or a pattern for the container',
    schema: { anyOf: [flag.schema, glob.schema] },
    takesList: true,
    check: (scalar) => (typeof scalar.value === 'boolean' ? flag : glob).check(scalar),
  },
  description: 'Container that the process runs in, by id or name; true for any, false for none',
  compile(values) {
    const presence = new Set(values.filter((value) => typeof value === 'boolean'));
    const test = glob.compile(values.filter((value) => typeof value === 'string'));
    return (_, owner) => {
      if (owner === null) return 'unknown';
      return truthOf(presence.has(owner.container !== null) || (owner.container !== null && test(owner.container)));
    };
  },
};

/** Seconds since the process started. A clock that was set back since makes it young, not of negative age. */
const ageField: FieldDefinition = {
  name: 'age',
  level: 'owner',
  kind: age,
  description: 'How long ago the process started: over 30d, under 10m',
  compile(values, now) {
    const test = age.compile(values);
    return (_, owner) => {
      const startedAt = Date.parse(owner?.startedAt ?? '');
      if (now === null || Number.isNaN(startedAt)) return 'unknown';
      return truthOf(test(Math.max(0, (now().getTime() - startedAt) / 1000)));
    };
  },
};

const NO_PACKAGE = 'none';

/** A pattern that also a package of this name would match; Debian has no such package. */
const exePackageField: FieldDefinition = {
  name: 'exePackage',
  level: 'owner',
  kind: packageGlob,
  description: 'Package that the path of the executable belongs to; none where it belongs to no package',
  compile(values) {
    const none = values.includes(NO_PACKAGE);
    const test = packageGlob.compile(values.filter((value) => value !== NO_PACKAGE));
    return (_, owner) => {
      const name = owner?.exePackage;
      if (name === undefined) return 'unknown';
      return truthOf(name === null ? none : test(name));
    };
  },
};

const DEFINITIONS: readonly FieldDefinition[] = [
  listenerField('status', choiceOf(ASSIGNMENT_STATUSES), 'What the IANA registry says of the port', (listener) => listener.registry?.status ?? null),
  listenerField('range', choiceOf(PORT_RANGES), 'Range of RFC 6335 that the port lies in', (listener) => listener.registry?.range ?? null),
  listenerField('protocol', choiceOf(PROTOCOLS), 'Transport protocol', (listener) => listener.protocol),
  listenerField('scope', choiceOf(BIND_SCOPES), 'What the bind address admits', (listener) => listener.scope),
  listenerField('service', serviceName, 'Service name registered for the port, or one of its aliases', ({ registry }) => {
    if (registry === null) return null;
    return registry.service === null ? registry.aliases : [registry.service, ...registry.aliases];
  }),
  listenerField('port', port, 'Port number, or a range of them', (listener) => listener.port),
  listenerField('address', address, 'Bind address, or a network that it lies in; a wildcard only as written', (listener) => readAddressFact(listener.address)),
  listenerField('interface', text(), 'Interface that the socket is bound to', (listener) => listener.interface ?? NONE),
  listenerField('netns', text(), 'Name of the network namespace', ({ netns }) => netns.name ?? (netns.inode === null ? null : NONE)),
  listenerField('ephemeral', flag, 'Port lies in the range that this host takes outgoing ports from', (listener) => listener.ephemeral),
  listenerField('dualStack', flag, 'IPv6 wildcard that takes IPv4 too', (listener) => listener.dualStack),
  listenerField('ownerKind', choiceOf(OWNER_KINDS), 'What holds the listener', (listener) => listener.ownerKind),
  listenerField('ownerReason', choiceOf([...UNKNOWN_REASONS, 'kernel']), 'Why no process is named as the owner', (listener) => listener.ownerNote?.code ?? NONE),
  listenerField('peers', flag, 'Someone is connected to it now', (listener) => listener.peers ?? null),
  listenerField('activated', flag, 'A systemd .socket unit holds the listener', (listener) => listener.activation !== null),
  ownerField('exe', pathGlob, 'Path of the executable; /memfd:NAME where it has no file', (owner) => owner.exe),
  ownerField('process', processGlob, 'Name that the kernel has for the process, which a process can change', (owner) => owner.name),
  defineField('user', 'owner', text('use uid: for a number'), 'Name of the effective user, or of who created the socket', (listener, owner) =>
    owner === null ? listener.socketUser : owner.user,
  ),
  defineField('uid', 'owner', integerIn(0, 4294967295), 'Effective uid, or that of who created the socket', (listener, owner) =>
    owner === null ? listener.socketUid : owner.uid,
  ),
  ownerField('unit', glob, 'systemd unit of the process', (owner) => owner.unit ?? NONE),
  containerField,
  ownerField('exeDeleted', flag, 'The file that runs is no longer at its path', (owner) => owner.exeDeleted),
  ownerField('exeReplaced', flag, 'Deleted, and another file stands at that path: what an upgrade leaves behind', (owner) => owner.exeReplaced),
  ownerField('exeForeign', flag, 'Runs, in a user namespace of its own, a file that is not the one at that path on this host, as in a rootless container', (owner) => owner.exeForeign),
  exePackageField,
  ownerField('script', scriptGlob, 'Path of the script that an interpreter runs; the process can claim another', ({ script, exe, commandLine }) =>
    script ?? (exe === null || commandLine === null ? null : NONE),
  ),
  ownerField('commandLine', glob, 'Arguments joined by blanks, as the process shows them, which it can change', ({ commandLine }) => commandLine?.join(' ') ?? null),
  ageField,
];

/** Every field of `match`, by name. */
export const FIELDS: ReadonlyMap<string, FieldDefinition> = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));
