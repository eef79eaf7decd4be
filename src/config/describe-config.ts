import type { EffectiveValue } from '../model/config-check.ts';
import type { Config, SinkConfig } from '../model/config.ts';
import { counts, listKeys, type Key, type Table } from './key-table.ts';
import { KEYS } from './keys.ts';
import { SINK_KEYS } from './sink-keys.ts';

/** Every key that counts, and what it comes to. `given`: the paths of those that the file has. */
export function describeConfig(config: Config, given: ReadonlySet<string>): readonly EffectiveValue[] {
  return [
    ...describeTable(KEYS, config, '', given),
    ...(config.sinks.length === 0 ? [{ key: 'sinks', value: '[]', default: null, given: given.has('sinks') }] : config.sinks.flatMap((sink) => describeSink(sink, given))),
  ];
}

function describeSink(sink: SinkConfig, given: ReadonlySet<string>): readonly EffectiveValue[] {
  const prefix = `sinks.${sink.name}.`;
  const isGiven = given.has(`${prefix}name`);
  return [{ key: `${prefix}type`, value: sink.type, default: null, given: isGiven }, ...describeTable(SINK_KEYS[sink.type].keys, sink, prefix, given)];
}

function describeTable(table: Table, values: object, prefix: string, given: ReadonlySet<string>): readonly EffectiveValue[] {
  return [...listKeys(table)]
    .filter(([, key]) => counts(key, (name) => valueAt(values, name)))
    .map(([path, key]) => ({
      key: `${prefix}${path}`,
      value: key.kind.print(valueAt(values, path)),
      default: printDefault(key),
      given: given.has(`${prefix}${path}`),
    }));
}

/** A default as the file would have it; null where there is none, because the key has to be there. */
export function printDefault(key: Key<unknown>): string | null {
  const printed = key.default === undefined ? '' : key.kind.print(key.default);
  return printed === '' ? null : printed;
}

/** A value by the path of its key, which is one of the table. */
function valueAt(values: object, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (part as Readonly<Record<string, unknown>>)[name], values);
}
