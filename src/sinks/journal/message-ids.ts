import type { EventKind } from '../../model/event.ts';

/**
 * MESSAGE_ID of each kind of event (128 random bits, sd-id128(3)): `journalctl MESSAGE_ID=...` finds all of a kind, and
 * systemd/portreeve.catalog explains them under the same ids. Constant for ever.
 */
export const MESSAGE_IDS: Readonly<Record<EventKind, string>> = {
  opened: '282406952d45410e94a2660c448c3caf',
  changed: '17fd235c87ed4369bd6b105f2ffdda30',
  reminder: 'f14d6dceca674e62a6a853955379f3e4',
  resolved: 'd59d9c92f4414e4da46e82376ba050ac',
  transient: '8d6decf0ae9048c4b0add404820dcaab',
  storm: '4305721195634f09877254cbf0f94e06',
  exception: '27d827a820a642bcb1e07775dab576b3',
  coverage: '91fbbb917df64652a5b5a1e54b9875dc',
  registry: '9feb583fd79f43629aaf65b44c3d248d',
  policy: '5ac4f09b63034eb08238b0989465c97c',
  agent: '210de7557d4d4c85a12f559333c3c487',
  loss: '7ca03176d425411bb63c00235398e8f7',
  test: '3e8c3bc912a344429dfca27ef99c7a70',
  listening: 'e2ad9978e17340e693fbc4c88db6adc5',
  closed: '7b5e2eaef6ee424a8b41f8ebdcc21a6d',
};
