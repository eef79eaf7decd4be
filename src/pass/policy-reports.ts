// What the commands about the policy need of the last stage; apart, so that an audit does not load it.
export { CHECK_FORMATS, renderPolicyCheck, type CheckFormat } from '../reports/policy-check.ts';
export { renderPolicyOverview, renderPolicyOverviewJson } from '../reports/policy-show.ts';
