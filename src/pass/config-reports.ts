// What the command line shows of a configuration: it knows the pass, and no stage by itself.
export { CONFIG_CHECK_FORMATS, renderConfigCheck, type ConfigCheckFormat } from '../reports/config-check.ts';
