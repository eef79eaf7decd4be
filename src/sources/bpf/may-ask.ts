const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;
/** `SECCOMP_MODE_FILTER` */
const FILTERED = '2';

/**
 * Why this process should not load a BPF program, or null, from its own /proc/self/status (proc_pid_status(5)). What this lets
 * pass the kernel may still refuse: in a user namespace, by a security module, under lockdown.
 */
export function reasonNotToAsk(status: string): string | null {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const capabilities = /^[0-9a-f]{1,16}$/.test(field('CapEff')) ? BigInt(`0x${field('CapEff')}`) : 0n;
  const has = (capability: bigint): boolean => ((capabilities >> capability) & 1n) === 1n;
  if (!has(CAP_SYS_ADMIN) && !(has(CAP_BPF) && has(CAP_PERFMON))) return 'it takes CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN';
  // A filter may end who makes a call that it does not know (SystemCallFilter= of systemd.exec(5)).
  if (field('Seccomp') === FILTERED) return 'a seccomp filter is in force, which may not let bpf(2) pass';
  // One number for each PID namespace, from that of this /proc inwards: the kernel would give the pids of the innermost.
  if (!/^\d+$/.test(field('NSpid'))) return '/proc shows another PID namespace than the one that this process is in';
  return null;
}
