import { start } from './start.ts';

start({
  'audit': async () => (await import('./audit.ts')).auditCommand,
  'baseline': async () => (await import('./baseline.ts')).baselineCommand,
  'daemon': async () => (await import('./daemon.ts')).daemonCommand,
  'doctor': async () => (await import('./doctor.ts')).doctorCommand,
  'explain': async () => (await import('./explain.ts')).explainCommand,
  'history': async () => (await import('./history.ts')).historyCommand,
  'install-service': async () => (await import('./install-service.ts')).installServiceCommand,
  'policy': async () => (await import('./policy.ts')).policyCommand,
  'registry': async () => (await import('./registry.ts')).registryCommand,
  'sink': async () => (await import('./sink.ts')).sinkCommand,
  'status': async () => (await import('./status.ts')).statusCommand,
  'suggest': async () => (await import('./suggest.ts')).suggestCommand,
  'uninstall-service': async () => (await import('./uninstall-service.ts')).uninstallServiceCommand,
  'watch': async () => (await import('./watch.ts')).watchCommand,
});
