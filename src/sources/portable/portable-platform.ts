/**
 * The systems on which systeminformation can list connections (its lib/network.js, networkConnections). On any other
 * its promise never settles, so it must not be asked.
 */
export const PORTABLE_PLATFORMS = ['linux', 'darwin', 'win32', 'freebsd', 'openbsd', 'netbsd'] as const;
export type PortablePlatform = (typeof PORTABLE_PLATFORMS)[number];

export function isPortablePlatform(platform: string): platform is PortablePlatform {
  return (PORTABLE_PLATFORMS as readonly string[]).includes(platform);
}

export function isBsd(platform: PortablePlatform): boolean {
  return platform === 'freebsd' || platform === 'openbsd' || platform === 'netbsd';
}
