// Draws one SVG per axis from the JSON of growth.mjs:
//   node test/bench/growth.mjs --json > growth.json && node test/bench/draw-charts.mjs growth.json docs/bench
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [source, folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: draw-charts.mjs GROWTH.json FOLDER');
  process.exit(2);
}
const { axes, date, machine } = JSON.parse(readFileSync(source, 'utf8'));
const WIDTH = 480;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 16, top: 34, bottom: 44 };
const SERIES = [
  { name: 'portreeve', label: 'portreeve audit --now', color: '#0b6e4f', width: 2.5 },
  { name: 'ss -Htulnp', label: 'ss -Htulnp', color: '#b3541e', width: 1.5 },
  { name: 'node -e 0', label: 'node -e 0', color: '#7a7a7a', width: 1.5 },
];

mkdirSync(folder, { recursive: true });
for (const [axis, points] of Object.entries(axes)) writeFileSync(join(folder, `${axis}.svg`), draw(axis, points));

function draw(axis, points) {
  const xMax = Math.max(...points.map((point) => point[axis]));
  const yMax = roundUp(Math.max(...points.flatMap((point) => SERIES.map(({ name }) => point[name].wallMs))));
  const x = (value) => MARGIN.left + (value / xMax) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value) => HEIGHT - MARGIN.bottom - (value / yMax) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.map((tick) => `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(tick * yMax)}" y2="${y(tick * yMax)}" stroke="#dddddd"/><text x="${MARGIN.left - 8}" y="${y(tick * yMax) + 4}" text-anchor="end">${Math.round(tick * yMax)}</text>`);
  const below = points.map((point) => `<text x="${x(point[axis])}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${shorten(point[axis])}</text>`);
  const lines = SERIES.map(({ name, color, width }) => {
    const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point[axis]).toFixed(1)} ${y(point[name].wallMs).toFixed(1)}`).join(' ');
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}"/>`;
  });
  const legend = SERIES.map(({ label, color }, index) => `<rect x="${MARGIN.left + index * 150}" y="10" width="12" height="4" fill="${color}"/><text x="${MARGIN.left + index * 150 + 18}" y="16">${label}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333333">
<title>Wall clock of one audit against the number of ${axis}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${[...grid, ...below, ...lines, ...legend].join('\n')}
<text x="${(MARGIN.left + WIDTH) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${axis} (wall clock in ms; ${date}, ${machine.cores} cores, Node ${machine.node})</text>
</svg>
`;
}

function roundUp(value) {
  const step = 10 ** Math.floor(Math.log10(value)) / 2;
  return Math.ceil(value / step) * step;
}

function shorten(value) {
  return value >= 10_000 ? `${value / 1_000}k` : String(value);
}
