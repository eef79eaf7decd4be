import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namesOf, surveyNamespaces, surveyNewcomers } from '../../src/inventory/namespaces.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
let netns: string;
beforeEach(() => {
  fake = createFakeProc();
  netns = join(fake.root, 'netns');
});
afterEach(() => {
  fake.dispose();
});

const survey = () => surveyNamespaces(fake.proc, netns);

describe('a survey of newcomers', () => {
  it('takes them in where they are in namespaces that were surveyed, and is none where one is not', () => {
    fake.add({ pid: 10, name: 'a', netns: 500 });
    const before = survey();
    fake.add({ pid: 11, name: 'child', netns: 500 });
    const after = surveyNewcomers(fake.proc, before);
    expect(after).toEqual({ ...before, pids: new Set([10, 11]) });
    fake.add({ pid: 12, name: 'stranger', netns: 501 });
    expect(surveyNewcomers(fake.proc, after ?? before)).toBeNull();
    expect(surveyNewcomers(fake.proc, survey())?.others).toHaveLength(2);
  });
});

describe('the network namespaces of a host', () => {
  it('are the own one alone where no other is in use', () => {
    fake.add({ pid: 10, name: 'a' });
    expect(survey()).toEqual({ own: { inode: null, name: 'host' }, others: [], unreadable: 0, pids: new Set([10]) });
  });

  it('are named after the container, or the unit, of the process found there first', () => {
    const id = 'b'.repeat(64);
    fake.add({ pid: 10, name: 'a', netns: 500, cgroup: `0::/docker/${id}\n` });
    fake.add({ pid: 11, name: 'a-child', netns: 500, cgroup: '0::/system.slice/other.service\n' });
    fake.add({ pid: 12, name: 'b', netns: 501, cgroup: '0::/system.slice/private.service\n' });
    expect(survey().others).toEqual([
      { namespace: { inode: 500, name: id }, path: join(fake.proc, '10/ns/net'), spare: [join(fake.proc, '11/ns/net')] },
      { namespace: { inode: 501, name: 'private.service' }, path: join(fake.proc, '12/ns/net'), spare: [] },
    ]);
  });

  it('are told apart where nothing names them', () => {
    fake.add({ pid: 10, name: 'systemd', netns: 700, cgroup: '0::/init.scope\n' });
    fake.add({ pid: 11, name: 'systemd', netns: 600, cgroup: '0::/init.scope\n' });
    expect(survey().others.map(({ namespace }) => namespace)).toEqual([
      { inode: 600, name: null },
      { inode: 700, name: 'unnamed#2' },
    ]);
  });

  it('keep their names when another one comes that is given a lower number', () => {
    fake.add({ pid: 10, name: 'first', netns: 700, cgroup: '0::/user.slice/session-3.scope\n', startTicks: 100 });
    fake.add({ pid: 9, name: 'second', netns: 600, cgroup: '0::/user.slice/session-3.scope\n', startTicks: 200 });
    expect(survey().others.map(({ namespace }) => namespace)).toEqual([
      { inode: 700, name: 'session-3.scope' },
      { inode: 600, name: 'session-3.scope#2' },
    ]);
  });

  it('keep their names when one of them goes, or has another first process', () => {
    const session = '0::/user.slice/session-3.scope\n';
    fake.add({ pid: 10, name: 'first', netns: 700, cgroup: session, startTicks: 100 });
    fake.add({ pid: 11, name: 'second', netns: 600, cgroup: session, startTicks: 200 });
    fake.add({ pid: 12, name: 'third', netns: 800, cgroup: session, startTicks: 300 });
    const before = survey();
    rmSync(join(fake.proc, '10'), { recursive: true });
    fake.add({ pid: 13, name: 'fourth', netns: 500, cgroup: session, startTicks: 250 });
    fake.add({ pid: 14, name: 'other', netns: 400, cgroup: '0::/system.slice/other.service\n', startTicks: 250 });
    const { others } = surveyNamespaces(fake.proc, netns, namesOf(before));
    expect(Object.fromEntries(others.map(({ namespace: { inode, name } }) => [inode, name]))).toEqual({ 400: 'other.service', 500: 'session-3.scope', 600: 'session-3.scope#2', 800: 'session-3.scope#3' });
  });

  it('include one that `ip netns` keeps although no process is in it', () => {
    mkdirSync(netns);
    writeFileSync(join(netns, 'blue'), '');
    const { ino } = statSync(join(netns, 'blue'));
    expect(survey().others).toEqual([{ namespace: { inode: ino, name: 'blue' }, path: join(netns, 'blue'), spare: [] }]);
  });

  it('do not count a link that is no namespace', () => {
    fake.add({ pid: 10, name: 'odd' });
    mkdirSync(join(fake.proc, '10/ns'));
    symlinkSync('elsewhere', join(fake.proc, '10/ns/net'));
    expect(survey().others).toEqual([]);
  });
});
