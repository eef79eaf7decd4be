// What `portreeve history` needs of the last stage: the command line knows the pass, and no stage by itself.
export { renderHistory } from '../reports/history.ts';
