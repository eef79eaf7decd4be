// What `install-service` and `uninstall-service` need of the last stage: the command line knows the pass, and no stage by itself.
export { renderInstallation, renderInstallationJson, renderLeft, renderNext, renderStep } from '../reports/installation.ts';
