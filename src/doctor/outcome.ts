import type { CheckName, DoctorCheck } from '../model/doctor.ts';

export function works(name: CheckName, finding: string): DoctorCheck {
  return { name, state: 'ok', finding, cost: null, remedy: null, needed: false };
}

export function notApplicable(name: CheckName, finding: string): DoctorCheck {
  return { name, state: 'not-applicable', finding, cost: null, remedy: null, needed: false };
}

/** What a lack is, what it costs, and what mends it. */
interface Lack {
  readonly finding: string;
  readonly cost: string;
  readonly remedy: string | null;
  readonly needed?: boolean;
}

export function limited(name: CheckName, lack: Lack): DoctorCheck {
  return { name, state: 'limited', needed: false, ...lack };
}

export function missing(name: CheckName, lack: Lack): DoctorCheck {
  return { name, state: 'missing', needed: false, ...lack };
}
