import { auditCommand } from './audit.ts';
import { start } from './start.ts';

// The command that is run most, and by hand, as a program of its own: reading all the others' code would cost it 8 ms.
start({ audit: () => Promise.resolve(auditCommand) });
