import { describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/native/unix-datagram.ts';
import { openNotifier } from '../../src/service/notifier.ts';

const SENT: SendOutcome = { kind: 'sent' };

/** A service manager that answers each datagram as it is told, in turn, and takes it where nothing more is said. */
function open(environment: Record<string, string | undefined>, outcomes: SendOutcome[] = []) {
  const sent: string[] = [];
  const addresses: string[] = [];
  let steady = 0;
  const notifier = openNotifier({
    environment,
    pid: 77,
    clock: { now: () => new Date(0), steady: () => steady },
    monotonic: () => 123_456_789_999n,
    openSocket: (address) => {
      addresses.push(address);
      return {
        send: (bytes) => {
          const outcome = outcomes.shift() ?? SENT;
          if (outcome.kind === 'sent') sent.push(Buffer.from(bytes).toString('utf8'));
          return outcome;
        },
        sendMany: () => ({ kind: 'sent', count: 1 }),
        sendDescriptor: () => SENT,
        close: () => sent.push('closed'),
      };
    },
  });
  return { notifier, sent, addresses, pass: (ms: number) => (steady += ms) };
}

const NOTIFY = { NOTIFY_SOCKET: '/run/systemd/notify' };

describe('the notifier', () => {
  it('tells a life in the words of sd_notify(3)', () => {
    const { notifier, sent, addresses } = open({ ...NOTIFY });
    notifier.ready('23 listeners');
    notifier.status('24 listeners');
    notifier.reloading();
    notifier.ready('24 listeners');
    notifier.extendTimeout(1500.2);
    notifier.stopping('sending what is left');
    notifier.close();
    expect(addresses).toEqual(['/run/systemd/notify']);
    expect(sent).toEqual([
      'READY=1\nSTATUS=23 listeners',
      'STATUS=24 listeners',
      'RELOADING=1\nMONOTONIC_USEC=123456789',
      'READY=1\nSTATUS=24 listeners',
      'EXTEND_TIMEOUT_USEC=1501000',
      'STOPPING=1\nSTATUS=sending what is left',
      'closed',
    ]);
  });

  it('leaves nothing in the environment that a child could speak with', () => {
    const environment = { ...NOTIFY, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '77', PATH: '/bin' };
    open(environment);
    expect(environment).toEqual({ PATH: '/bin' });
  });

  it.each([{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'vsock:2:1234' }, { NOTIFY_SOCKET: 'relative' }])('does nothing with %j', (environment) => {
    const { notifier, sent, addresses } = open({ ...environment, WATCHDOG_USEC: '30000000' });
    notifier.ready('x');
    notifier.alive();
    expect(notifier.watchdogMs).toBeNull();
    expect([...sent, ...addresses]).toEqual([]);
  });

  it('repeats no status, and keeps it to one harmless line', () => {
    const { notifier, sent } = open({ ...NOTIFY });
    notifier.status('x\nREADY=1\u001b[2J');
    notifier.status('x\nREADY=1\u001b[2J');
    notifier.status('y'.repeat(10_000));
    expect(sent).toEqual(['STATUS=x\\nREADY=1\\x1b[2J', `STATUS=${'y'.repeat(249)}…`]);
  });

  it('delivers later, in order, what was not taken', () => {
    const full: SendOutcome = { kind: 'full' };
    const { notifier, sent } = open({ ...NOTIFY }, [full, full, { kind: 'failed', errno: 'ECONNREFUSED' }]);
    notifier.ready('a');
    notifier.status('b');
    notifier.alive();
    expect(sent).toEqual([]);
    notifier.alive();
    expect(sent).toEqual(['READY=1\nSTATUS=a', 'STATUS=b']);
  });

  it('keeps no more than the newest for a service manager that is gone', () => {
    const { notifier, sent } = open({ ...NOTIFY }, Array.from({ length: 1000 }, () => ({ kind: 'full' }) as const));
    for (let count = 0; count < 1000; count += 1) notifier.status(String(count));
    notifier.alive();
    expect(sent).toEqual(Array.from({ length: 16 }, (_, index) => `STATUS=${984 + index}`));
  });

  describe('with a watchdog', () => {
    const WATCHED = { ...NOTIFY, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '77' };

    it('pings once in half of its time, however many turns the loop makes', () => {
      const { notifier, sent, pass } = open({ ...WATCHED });
      expect(notifier.watchdogMs).toBe(30_000);
      for (let turn = 0; turn < 61; turn += 1) {
        notifier.alive();
        pass(1000);
      }
      expect(sent).toEqual(Array.from({ length: 5 }, () => 'WATCHDOG=1'));
    });

    it('tries a ping again at the next turn', () => {
      const { notifier, sent, pass } = open({ ...WATCHED }, [{ kind: 'full' }]);
      notifier.alive();
      expect(sent).toEqual([]);
      pass(1000);
      notifier.alive();
      expect(sent).toEqual(['WATCHDOG=1']);
    });

    it.each([
      { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '78' },
      { WATCHDOG_USEC: '0' },
      { WATCHDOG_USEC: '-1' },
      { WATCHDOG_USEC: 'soon' },
      { WATCHDOG_PID: '77' },
    ])('pings none that is not its own or says no time: %j', (environment) => {
      const { notifier, sent } = open({ ...NOTIFY, ...environment });
      notifier.alive();
      expect(notifier.watchdogMs).toBeNull();
      expect(sent).toEqual([]);
    });

    it('takes one for any process to be its own', () => {
      expect(open({ ...NOTIFY, WATCHDOG_USEC: '500000' }).notifier.watchdogMs).toBe(500);
    });
  });
});
