import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { hearDaemonSignals } from '../../src/daemon/signals.ts';

function hear(): { target: EventEmitter; force: ReturnType<typeof vi.fn>; wake: ReturnType<typeof vi.fn>; signals: ReturnType<typeof hearDaemonSignals> } {
  const target = new EventEmitter();
  const force = vi.fn();
  const wake = vi.fn();
  const signals = hearDaemonSignals(target as NodeJS.Process, force);
  signals.onSignal(wake);
  return { target, force, wake, signals };
}

describe('hearDaemonSignals', () => {
  it('remembers the first signal to stop, and forces at the second', () => {
    const { target, force, wake, signals } = hear();
    expect(signals.stop).toBeNull();
    target.emit('SIGTERM', 'SIGTERM');
    expect(signals.stop).toBe('SIGTERM');
    expect(wake).toHaveBeenCalledTimes(1);
    expect(force).not.toHaveBeenCalled();
    target.emit('SIGINT', 'SIGINT');
    expect(force).toHaveBeenCalledWith('SIGINT');
  });

  it('makes one reload of many signals that come before it', () => {
    const { target, wake, signals } = hear();
    for (let n = 0; n < 10; n += 1) target.emit('SIGHUP', 'SIGHUP');
    expect(wake).toHaveBeenCalledTimes(10);
    expect([signals.takeReload(), signals.takeReload()]).toEqual([true, false]);
  });

  it('keeps SIGUSR1 from Node, which would open its debugger, and does nothing at it', () => {
    const { target, wake, signals } = hear();
    expect(target.emit('SIGUSR1', 'SIGUSR1')).toBe(true);
    expect([wake.mock.calls.length, signals.stop, signals.takeReload()]).toEqual([0, null, false]);
  });

  it('lets go of the process', () => {
    const { target, signals } = hear();
    signals.close();
    expect(target.eventNames()).toEqual([]);
  });
});
