import type { NamedPort, ServiceExplanation } from '../model/explanation.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderListenerList } from './explain-range.ts';
import { groupBy, renderSource, standing } from './explain-registry.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const MOST_PORTS = 30;

const NAME_KINDS = { service: 'its service name', alias: 'another of its names', former: 'its former name' } as const;

/** A name that several ports carry: a summary of each, and who listens on any of them. */
export function renderServiceSections(service: ServiceExplanation, options: TextOptions): string[][] {
  const { name, ports, registry, coverage } = service;
  const more = ports.length - MOST_PORTS;
  const first = service.listeners[0]?.port ?? ports[0]?.port ?? 0;
  return [
    [
      paint(`Service ${word.showText(name, options)}`, 'bold', options.colour),
      ...wrapText(`${word.count(ports.length, 'port')} carry the name, or carried it.`, options.columns, INDENT),
      ...renderSource(registry, options),
    ],
    ...ports.slice(0, MOST_PORTS).map((port) => renderPort(port, options)),
    more > 0 ? wrapText(`and ${word.count(more, 'port')} more; --format json has all.`, options.columns) : [],
    renderListenerList(service, options),
    coverage === null ? [] : renderCoverage(coverage, options),
    [paint('What to do next', 'bold', options.colour), ...wrapText(`Everything about one of them: portreeve explain ${first}`, options.columns, INDENT)],
  ];
}

function renderPort({ port, transports }: NamedPort, options: TextOptions): string[] {
  return [
    paint(`Port ${port}`, 'bold', options.colour),
    ...groupBy(transports, ({ as, facts }) => JSON.stringify([as, facts])).flatMap((same) => {
      const [first] = same;
      if (first === undefined) return [];
      const names = same.map(({ transport }) => transport).join(', ');
      return wrapText(`${names}: ${standing(first.facts, options)} (${NAME_KINDS[first.as]})`, options.columns, INDENT, INDENT.repeat(2));
    }),
  ];
}
