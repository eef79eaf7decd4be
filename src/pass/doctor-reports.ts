// What `portreeve doctor` needs of the last stage: the command line knows the pass, and no stage by itself.
export { renderDoctor, renderDoctorJson } from '../reports/doctor.ts';
