/**
 * Lets the event loop run once. Reading /proc is synchronous, for that is several times faster, and a signal is heard
 * only between two such steps.
 */
export function hearSignals(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
