import type { NamedPort, ServiceExplanation } from '../model/explanation.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderListenerList } from './explain-range.ts';
import { groupBy, renderSource, standing } from './explain-registry.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const MOST_RUNS = 30;

const NAME_KINDS = { service: 'its service name', alias: 'another of its names', former: 'its former name' } as const;

/** A name that several ports carry: a summary of each, and who listens on any of them. */
export function renderServiceSections(service: ServiceExplanation, options: TextOptions): string[][] {
  const { name, ports, registry, coverage } = service;
  const runs = joinNeighbours(ports);
  const more = runs.slice(MOST_RUNS).reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const first = service.listeners[0]?.port ?? ports[0]?.port ?? 0;
  return [
    [
      paint(`Service ${word.showText(name, options)}`, 'bold', options.colour),
      ...wrapText(`${word.count(ports.length, 'port')} carry the name, or carried it.`, options.columns, INDENT),
      ...renderSource(registry, options),
    ],
    ...runs.slice(0, MOST_RUNS).map((run) => renderRun(run, options)),
    more > 0 ? wrapText(`and ${word.count(more, 'port')} more; --format json has all.`, options.columns) : [],
    renderListenerList(service, options),
    coverage === null ? [] : renderCoverage(coverage, options),
    [paint('What to do next', 'bold', options.colour), ...wrapText(`Everything about one of them: portreeve explain ${first}`, options.columns, INDENT)],
  ];
}

/** Neighbouring ports of which the same is to be said: x11 has 6000-6063. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly transports: NamedPort['transports'];
}

function joinNeighbours(ports: readonly NamedPort[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { port, transports } of ports) {
    const last = runs.at(-1);
    if (last?.to === port - 1 && JSON.stringify(last.transports) === JSON.stringify(transports)) runs[runs.length - 1] = { ...last, to: port };
    else runs.push({ from: port, to: port, transports });
  }
  return runs;
}

function renderRun({ from, to, transports }: Run, options: TextOptions): string[] {
  return [
    paint(from === to ? `Port ${from}` : `Ports ${from}-${to}`, 'bold', options.colour),
    ...groupBy(transports, ({ as, facts }) => JSON.stringify([as, facts])).flatMap((same) => {
      const [first] = same;
      if (first === undefined) return [];
      const names = same.map(({ transport }) => transport).join(', ');
      return wrapText(`${names}: ${standing(first.facts, options)} (${NAME_KINDS[first.as]})`, options.columns, INDENT, INDENT.repeat(2));
    }),
  ];
}
