// What `portreeve registry` needs of the last stage: the command line knows the pass, and no stage by itself.
export { renderRegistryDiff, renderRegistryDiffJson } from '../reports/registry-diff.ts';
export { renderRegistryStatus, renderRegistryStatusJson } from '../reports/registry-status.ts';
export { renderProgress, renderRegistryUpdate, renderRegistryUpdateJson } from '../reports/registry-update.ts';
