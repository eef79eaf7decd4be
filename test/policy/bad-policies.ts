import { FIELDS } from '../../src/policy/fields.ts';

/** What is written, and `line:column message (hint)` of each problem of the file that it makes. */
export type Bad = readonly [written: string, problems: readonly string[]];

const PORT = 'port: expected a port from 0 to 65535, a range like 8000-8100, or a service name, found';

/** A rule whose match, in line 6 and from column 12 on, is the given text. */
export const withMatch = (match: string): string => `version: 1\nrules:\n  - id: r\n    title: T\n    severity: notice\n    match: ${match}\n`;
/** Entries whose lines, from line 5 on, are the given text. */
export const withRule = (lines: string): string => `version: 1\nrules:\n  - id: r\n    match: { port: 1 }\n${lines}`;
export const withException = (lines: string): string => `version: 1\nexceptions:\n  - id: e\n    match: { port: 1 }\n${lines}`;
export const withOverride = (override: string): string => `version: 1\noverrides:\n  - ${override}\n`;
export const withId = (id: string): string => `version: 1\nrules: [{ id: ${id}, title: T, severity: info, match: { port: 1 } }]\n`;
export const withPort = (port: string): string => withMatch(`{ port: ${port} }`);

export const NO_POLICIES: readonly Bad[] = [
  ['- a\n', ['1:1 expected a policy file (a mapping), found a list']],
  ['hello\n', ['1:1 expected a policy file (a mapping), found the text "hello"']],
  ['rules: []\n', ['1:1 the file needs the key "version"']],
  ['version: 2\n', ['1:10 this portreeve reads version 1 of the language, found the number 2 (Write version: 1.)']],
  ['version: "1"\n', ['1:10 this portreeve reads version 1 of the language, found the text "1" (Write version: 1.)']],
  ['version: 1.0\n', ['1:10 this portreeve reads version 1 of the language, found the number 1.0 (Write version: 1.)']],
  ['version: 1\nrule: []\n', ['2:1 a policy file has no key "rule" (Did you mean "rules"?)']],
  ['version: 1\n__proto__: []\n', ['2:1 a policy file has no key "__proto__" (Known here: version, rules, exceptions, overrides.)']],
  ['version: 1\nrules: { a: 1 }\n', ['2:8 rules must be a list, found a mapping']],
  ['version: 1\nrules:\n', ['2:7 rules must be a list, found nothing']],
  ['version: 1\nrules: [1]\n', ['2:9 expected a rule (a mapping), found the number 1']],
  ['version: 1\nexceptions: [null]\n', ['2:14 expected an exception (a mapping), found nothing']],
];

export const BAD_RULES: readonly Bad[] = [
  ['    title: T\n    severty: error\n', ['6:5 a rule has no key "severty" (Did you mean "severity"?)', '3:5 a rule needs the key "severity"']],
  ['    title: T\n    severity: err\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the text "err"']],
  ['    title: T\n    severity: Error\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the text "Error" (Did you mean error?)']],
  ['    title: T\n    severity: 3\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found the number 3']],
  ['    title: T\n    severity: [error]\n', ['6:15 severity: expected one of info, notice, warning, error, critical, found a list']],
  ['    title: ""\n    severity: error\n', ['5:12 title must not be empty']],
  ['    title: 1302\n    severity: error\n', ['5:12 title must be text, found the number 1302 (Write "1302" in quotes.)']],
  ['    title: true\n    severity: error\n', ['5:12 title must be text, found true (Write "true" in quotes.)']],
  ['    title: |\n      a\n      b\n    severity: error\n', ['5:12 title must fit on one line']],
  ['    title: "a\\e[31m"\n    severity: error\n', ['5:12 title has the invisible character U+001B in it (Remove it: it can make a terminal show something else than the file says.)']],
  ['    title: "a\\u202eb"\n    severity: error\n', ['5:12 title has the invisible character U+202E in it (Remove it: it can make a terminal show something else than the file says.)']],
  ['    title: T\n    severity: error\n    enabled: no\n', ['7:14 enabled: expected true or false, found the text "no" (YAML 1.2 reads this word as text: write true or false.)']],
  ['    title: T\n    severity: error\n    enabled: [true]\n', ['7:14 enabled: expected true or false, found a list']],
  ['    title: T\n    severity: error\n    attack: T1571\n', ['7:13 attack must be a list, found the text "T1571" (Write attack: [T1571].)']],
  ['    title: T\n    severity: error\n    attack: [T157, T1036.5]\n', [
    '7:14 "T157" is not an ATT&CK technique (Write T1571, or T1571.001 for a sub-technique.)',
    '7:20 "T1036.5" is not an ATT&CK technique (Write T1571, or T1571.001 for a sub-technique.)',
  ]],
  ['    title: T\n    severity: error\n    references: [6335]\n', ['7:18 each item of references must be text, found the number 6335 (Write "6335" in quotes.)']],
  ['    title: T\n    severity: error\n    advice:\n', ['7:12 advice must be text, found nothing']],
];

export const BAD_IDS: readonly Bad[] = [
  ['De_Assigned', ['2:15 "De_Assigned" is not an id: small letters, digits and hyphens, a letter or digit first (For example: de-assigned)']],
  ['-x', ['2:15 "-x" is not an id: small letters, digits and hyphens, a letter or digit first (For example: x)']],
  ['1302', ['2:15 id must be text, found the number 1302 (Write "1302" in quotes.)']],
  ['"a b"', ['2:15 "a b" is not an id: small letters, digits and hyphens, a letter or digit first (For example: a-b)']],
];

export const BAD_EXCEPTIONS: readonly Bad[] = [
  ['', ['3:5 an exception needs the key "rules"', '3:5 an exception needs the key "reason"']],
  ['    rules: []\n    reason: R\n', ['5:12 an exception names the rules that it silences (For example: rules: [de-assigned-exposed])']],
  ['    rules: r\n    reason: R\n', ['5:12 rules must be a list, found the text "r" (Write rules: [r].)']],
  ['    rules: [r]\n    reason: "  "\n', ['6:13 reason must not be empty']],
  ['    rules: [r]\n    reason: R\n    expires: 2027-02-29\n', ['7:14 "2027-02-29" is not a date of the calendar (Write YYYY-MM-DD, like 2027-06-30.)']],
  ['    rules: [r]\n    reason: R\n    expires: 2027-6-30\n', ['7:14 "2027-6-30" is not a date of the calendar (Write YYYY-MM-DD, like 2027-06-30.)']],
  ['    rules: [r]\n    reason: R\n    expires: 20270630\n', ['7:14 expires must be text, found the number 20270630 (Write "20270630" in quotes.)']],
  ['    rules: [r]\n    reason: R\n    expiry: 2027-06-30\n', ['7:5 an exception has no key "expiry" (Did you mean "expires"?)']],
  ['    rules: [r]\n    reason: R\n    owner: 7\n', ['7:12 owner must be text, found the number 7 (Write "7" in quotes.)']],
];

export const BAD_MATCHES: readonly Bad[] = [
  ['{}', ['6:12 an empty match would hold for every listener of every host (Name at least one field, or remove the entry.)']],
  ['[]', ['6:12 a match is a mapping of fields, found a list (For example: match: { port: 8080, protocol: tcp })']],
  ['all', ['6:12 a match is a mapping of fields, found the text "all" (For example: match: { port: 8080, protocol: tcp })']],
  ['{ prot: 1 }', ['6:14 a match has no field "prot" (Did you mean "port"?)']],
  ['{ exedeleted: true }', ['6:14 a match has no field "exedeleted" (Did you mean "exeDeleted"?)']],
  ['{ all: [] }', ['6:14 a match has no field "all" (Fields of one mapping all have to hold.)']],
  ['{ __proto__: 1 }', [`6:14 a match has no field "__proto__" (Known here: ${[...FIELDS.keys(), 'not', 'any'].join(', ')}.)`]],
  ['{ any: { port: 1 } }', ['6:19 any must be a list of matches, found a mapping (For example: any: [{ port: 80 }, { port: 443 }])']],
  ['{ any: [] }', ['6:19 any needs at least one match']],
  ['{ not: [] }', ['6:19 not needs at least one match']],
  ['{ not: {} }', ['6:19 an empty match would hold for every listener of every host (Name at least one field, or remove the entry.)']],
  ['{ not: x }', ['6:19 a match is a mapping of fields, found the text "x" (For example: match: { port: 8080, protocol: tcp })']],
  ['{ status: asigned }', ['6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found the text "asigned" (Did you mean assigned?)']],
  ['{ status: [] }', ['6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found an empty list, which matches nothing']],
  ['{ status: { a: 1 } }', ['6:22 status: expected one of assigned, unassigned, reserved, de-assigned, dynamic, found a mapping']],
  ['{ exe: [[/a]] }', ['6:20 exe: expected the path of an executable, or a pattern like /opt/**, found a list (Lists do not nest: write the values into one list, or use any:.)']],
  ['{ ephemeral: yes }', ['6:25 ephemeral: expected true or false, found the text "yes" (YAML 1.2 reads this word as text: write true or false.)']],
  ['{ ephemeral: [true, false] }', ['6:25 ephemeral: expected true or false, found a list']],
  ['{ ephemeral: 1 }', ['6:25 ephemeral: expected true or false, found the number 1']],
  ['{ user: 1000 }', ['6:20 user: expected text, found the number 1000 (Write "1000" in quotes, or use uid: for a number.)']],
  ['{ user: ~ }', ['6:20 user: expected text, found nothing']],
  ['{ user: "" }', ['6:20 user: expected text, found empty text']],
  ['{ uid: root }', ['6:19 uid: expected a number from 0 to 4294967295, found the text "root"']],
  ['{ uid: -1 }', ['6:19 uid: expected a number from 0 to 4294967295, found the number -1']],
  ['{ uid: 4294967296 }', ['6:19 uid: expected a number from 0 to 4294967295, found the number 4294967296']],
  ['{ uid: 1.5 }', ['6:19 uid: expected a number from 0 to 4294967295, found the number 1.5']],
  ['{ service: 22 }', ['6:23 service: expected a service name, found the number 22 (Write "22" in quotes, or use port: for a number.)']],
  ['{ exe: nginx }', ['6:19 exe: "nginx" is not an absolute path, so it never matches (Write **/nginx for that name in any folder.)']],
  ['{ exe: ./bin/x }', ['6:19 exe: "./bin/x" is not an absolute path, so it never matches (Write **/bin/x for that name in any folder.)']],
  ['{ exe: "/a[b" }', ['6:19 exe: "/a[b" is not a pattern: the [ has no ] that ends it (A backslash takes away the special meaning of * ? [ {.)']],
  ['{ container: 7 }', ['6:25 container: expected a name or a pattern like nginx*, found the number 7 (Write "7" in quotes.)']],
  ['{ address: localhost }', ['6:23 address: "localhost": not an IP address or a network (Write 192.0.2.7, 10.0.0.0/8, ::1 or fd00::/8, without leading zeros.)']],
  ['{ age: 10m }', ['6:19 age: expected an age like over 30d or under 10m, found the text "10m" (Write over 10m for older, under 10m for younger.)']],
  ['{ age: older than 2 hours }', ['6:19 age: expected an age like over 30d or under 10m, found the text "older than 2 hours" (Write "over 2h", without the quotes.)']],
  ['{ age: "< 90 min" }', ['6:19 age: expected an age like over 30d or under 10m, found the text "< 90 min" (Write "under 90m", without the quotes.)']],
  ['{ age: over 0m }', ['6:19 age: expected an age like over 30d or under 10m, found the text "over 0m" (The units are s, m, h, d and w; a bound has one of them.)']],
  ['{ age: over 1y }', ['6:19 age: expected an age like over 30d or under 10m, found the text "over 1y" (The units are s, m, h, d and w; a bound has one of them.)']],
  ['{ age: 600 }', ['6:19 age: expected an age like over 30d or under 10m, found the number 600 (The units are s, m, h, d and w; a bound has one of them.)']],
  ['{ age: { over: 10m } }', ['6:19 age: expected an age like over 30d or under 10m, found a mapping']],
  ['{ exePackage: false }', ['6:26 exePackage: expected none, or a package name or a pattern like python3*, found false (Write "false" in quotes.)']],
  ['{ exePackage: "a{b" }', ['6:26 exePackage: "a{b" is not a pattern: the { has no } that ends it (A backslash takes away the special meaning of * ? [ {.)']],
  ['{ peers: some }', ['6:21 peers: expected true or false, found the text "some"']],
  ['{ address: 10.1.2.3/8 }', ['6:23 address: "10.1.2.3/8": the address has bits set beyond the length of the network (The network is 10.0.0.0/8; for one address leave out the length.)']],
];

export const BAD_PORTS: readonly Bad[] = [
  ['0177', ['6:20 port: "0177" is ambiguous: with a leading zero it is octal to some readers (Write it in decimal, without leading zeros.)']],
  ['0o177', ['6:20 port: expected a plain decimal number, found "0o177" (Write 127.)']],
  ['0x16', ['6:20 port: expected a plain decimal number, found "0x16" (Write 22.)']],
  ['1e3', ['6:20 port: expected a plain decimal number, found "1e3" (Write 1000.)']],
  ['22.0', ['6:20 port: expected a plain decimal number, found "22.0" (Write 22.)']],
  ['+22', ['6:20 port: expected a plain decimal number, found "+22" (Write 22.)']],
  ['1e308', [`6:20 ${PORT} the number 1e308`]],
  ['.inf', [`6:20 ${PORT} the number .inf`]],
  ['.nan', [`6:20 ${PORT} the number .nan`]],
  ['65536', [`6:20 ${PORT} the number 65536`]],
  ['-1', [`6:20 ${PORT} the number -1`]],
  ['22:22', [`6:20 ${PORT} the text "22:22" (A range is written 8000-8100, several ports [8000, 8001].)`]],
  ['80..90', [`6:20 ${PORT} the text "80..90" (A range is written 8000-8100, several ports [8000, 8001].)`]],
  ['"22"', [`6:20 ${PORT} the text "22" (Write 22 without quotes.)`]],
  ['no', [`6:20 ${PORT} the text "no"`]],
  ['OFF', [`6:20 ${PORT} the text "OFF"`]],
  ['0b11', [`6:20 ${PORT} the text "0b11"`]],
  ['ssh-', [`6:20 ${PORT} the text "ssh-"`]],
  ['s--sh', [`6:20 ${PORT} the text "s--sh"`]],
  ['a234567890123456', [`6:20 ${PORT} the text "a234567890123456"`]],
  ['true', [`6:20 ${PORT} true`]],
  ['~', [`6:20 ${PORT} nothing`]],
  ['8100-8000', ['6:20 port: the range 8100-8000 is the wrong way round (Write 8000-8100.)']],
  ['8000-70000', ['6:20 port: the range 8000-70000 goes beyond port 65535']],
  ['080-090', [`6:20 ${PORT} the text "080-090" (A range is written 8000-8100, several ports [8000, 8001].)`]],
];

export const BAD_OVERRIDES: readonly Bad[] = [
  ['off', ['3:5 expected an override (a mapping), found the text "off"']],
  ['{ rule: r, reason: R }', ['3:5 an override changes something (Write enabled: false to switch the rule off, or a severity.)']],
  ['{ enabled: false, reason: R }', ['3:5 an override needs the key "rule"']],
  ['{ rule: r, enabled: false }', ['3:5 an override needs the key "reason"']],
  ['{ rule: r, enabled: false, reason: " " }', ['3:40 reason must not be empty']],
  ['{ rule: r, enabled: false, reason: }', ['3:40 reason must be text, found nothing']],
  ['{ rule: r, enabled: off, reason: R }', ['3:25 enabled: expected true or false, found the text "off" (YAML 1.2 reads this word as text: write true or false.)']],
  ['{ rule: r, severity: low, reason: R }', ['3:26 severity: expected one of info, notice, warning, error, critical, found the text "low"']],
  ['{ rule: r, enabled: false, severity: info, reason: R }', ['3:32 a rule that is switched off has no severity (Keep one of the two.)']],
  ['{ rule: R_1, enabled: false, reason: R }', ['3:13 "R_1" is not an id: small letters, digits and hyphens, a letter or digit first (For example: r-1)']],
  ['{ rule: [r], enabled: false, reason: R }', ['3:13 rule must be text, found a list']],
  ['{ id: r, enabled: false, reason: R }', ['3:7 an override has no key "id" (Known here: rule, enabled, severity, reason.)', '3:5 an override needs the key "rule"']],
];

/** Every file with a fault in it that this suite knows. */
export const BAD_POLICIES: readonly Bad[] = [
  ...NO_POLICIES,
  ...placed(BAD_RULES, withRule),
  ...placed(BAD_IDS, withId),
  ...placed(BAD_EXCEPTIONS, withException),
  ...placed(BAD_OVERRIDES, withOverride),
  ...placed(BAD_MATCHES, withMatch),
  ...placed(BAD_PORTS, withPort),
];

function placed(table: readonly Bad[], within: (written: string) => string): readonly Bad[] {
  return table.map(([written, problems]) => [within(written), problems]);
}
