import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const PORT = 1302;

describeUnless(missingForSandbox(), 'an audit whose /proc is not its own', () => {
  let sandbox: Sandbox;
  let pid = 0;

  beforeAll(async () => {
    sandbox = await openSandbox();
    pid = (await sandbox.start<{ pid: number }>('listen.py', [String(PORT)])).pid;
    // A PID namespace of another, with its own /proc.
    sandbox.spawn(['unshare', '-p', '-m', '-f', '--kill-child', '--mount-proc', 'sleep', '1000']);
    await sandbox.run(['sh', '-c', 'until pgrep -x sleep; do sleep 0.02; done']);
  });
  afterAll(() => sandbox.close());

  const audit = async (before: readonly string[]) => {
    const report = await sandbox.audit([], before);
    const on = report.listeners.filter(({ port }) => port === PORT);
    return { gap: report.coverage.gaps.find(({ code }) => code === 'proc-misplaced'), complete: report.coverage.complete, owners: on.flatMap(({ owners }) => owners), reasons: on.map(({ ownerNote }) => ownerNote?.code) };
  };

  it('has nothing to tell where it is', async () => {
    expect(await audit([])).toMatchObject({ gap: undefined, complete: true, owners: [{ pid }] });
  });

  it('is not complete where no process is shown', async () => {
    expect(await audit(['unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs /proc; exec "$@"', 'sh'])).toMatchObject({ gap: { hides: 'listeners' }, complete: false, owners: [], reasons: ['outside-pid-namespace'] });
  });

  it('says whose numbers those of the owners are', async () => {
    expect(await audit(['unshare', '-p', '-f'])).toMatchObject({ gap: { hides: 'details' }, complete: true, owners: [{ pid }] });
  });

  it('is not complete among the processes of a namespace that it is not in', async () => {
    expect(await audit(['sh', '-c', 'exec nsenter -t "$(pgrep -x sleep)" -m "$@"', 'sh'])).toMatchObject({ gap: { hides: 'listeners' }, complete: false, owners: [], reasons: ['outside-pid-namespace'] });
  });
});
