// Statistics of a log as a table and as simple charts. Sizes are attributes of SVG, since the page
// allows no styles but those of its own file.

import { sizeText } from './facts.js';

const SVG = 'http://www.w3.org/2000/svg';
const NUMBERS = new Intl.NumberFormat('en');

const WIDTH = 640;
const BAR = 22;
const LABEL = 130;
const AMOUNT = 90;
const HEIGHT = 120;

/**
 * @typedef {import('./wal-recording.js').WalFacts} WalFacts
 * @typedef {import('./wal-counts.js').Sum} Sum
 * @typedef {Sum & { name: string }} Named
 */

/**
 * @param {HTMLElement} place
 * @param {WalFacts} facts
 */
export function showStatistics(place, facts) {
  const kinds = facts.kinds.map(({ manager, type, ...sum }) => ({
    ...sum,
    name: `${manager}/${type}`,
  }));
  const managers = byManager(facts);
  const total = sumOf(managers);
  place.replaceChildren(
    section('Full-page images', shareChart(total)),
    section('Bytes by resource manager', barChart(managers)),
    section(`Bytes along the log, ${facts.start} to ${facts.end}`, alongChart(facts)),
    section('By resource manager', table('managers', managers, total)),
    section('By kind of record', table('kinds', kinds, total)),
  );
}

/** @param {WalFacts} facts */
function byManager({ kinds }) {
  /** @type {Map<string, Named>} */
  const managers = new Map();
  for (const { manager, records, recordBytes, fpiBytes } of kinds) {
    const sum = managers.get(manager) ?? { name: manager, records: 0, recordBytes: 0, fpiBytes: 0 };
    sum.records += records;
    sum.recordBytes += recordBytes;
    sum.fpiBytes += fpiBytes;
    managers.set(manager, sum);
  }
  return [...managers.values()];
}

/** @param {Sum[]} sums */
function sumOf(sums) {
  const total = { name: 'Total', records: 0, recordBytes: 0, fpiBytes: 0 };
  for (const { records, recordBytes, fpiBytes } of sums) {
    total.records += records;
    total.recordBytes += recordBytes;
    total.fpiBytes += fpiBytes;
  }
  return total;
}

/** @param {Sum} sum */
function all({ recordBytes, fpiBytes }) {
  return recordBytes + fpiBytes;
}

/**
 * @param {number} part
 * @param {number} whole
 */
function percent(part, whole) {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`;
}

/**
 * @param {string} title
 * @param {Element} content
 */
function section(title, content) {
  const element = document.createElement('section');
  const heading = document.createElement('h2');
  heading.textContent = title;
  element.append(heading, content);
  return element;
}

/**
 * @param {number} height
 * @param {string} label
 */
function drawing(height, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${height}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  return svg;
}

/**
 * @param {string} kind the class that gives the colour
 * @param {number[]} place x, y, width, height
 * @param {string} title
 */
function rectangle(kind, [x = 0, y = 0, width = 0, height = 0], title) {
  const element = document.createElementNS(SVG, 'rect');
  element.setAttribute('class', kind);
  for (const [name, value] of Object.entries({ x, y, width, height })) {
    element.setAttribute(name, value.toFixed(2));
  }
  const hint = document.createElementNS(SVG, 'title');
  hint.textContent = title;
  element.append(hint);
  return element;
}

/**
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {'start' | 'end'} anchor
 */
function label(text, x, y, anchor) {
  const element = document.createElementNS(SVG, 'text');
  element.setAttribute('x', String(x));
  element.setAttribute('y', String(y));
  element.setAttribute('text-anchor', anchor);
  element.textContent = text;
  return element;
}

/** @param {Sum} total */
function shareChart(total) {
  const share = percent(total.fpiBytes, all(total));
  const svg = drawing(BAR * 2, `Full-page images: ${share}`);
  const images = all(total) === 0 ? 0 : (WIDTH * total.fpiBytes) / all(total);
  svg.append(
    rectangle('fpi', [0, 0, images, BAR], `page images: ${sizeText(total.fpiBytes)}`),
    rectangle('rest', [images, 0, WIDTH - images, BAR], `the rest: ${sizeText(total.recordBytes)}`),
    label(`${share} of ${sizeText(all(total))} are page images`, 0, BAR + 16, 'start'),
  );
  return svg;
}

/** @param {Named[]} rows */
function barChart(rows) {
  const sorted = [...rows].sort((a, b) => all(b) - all(a));
  const most = all(sorted[0] ?? { records: 0, recordBytes: 0, fpiBytes: 0 }) || 1;
  const svg = drawing(Math.max(1, sorted.length) * BAR, 'Bytes by resource manager');
  const room = WIDTH - LABEL - AMOUNT;
  for (const [number, row] of sorted.entries()) {
    const y = number * BAR;
    const rest = (room * row.recordBytes) / most;
    const images = (room * row.fpiBytes) / most;
    svg.append(
      label(row.name, LABEL - 8, y + 15, 'end'),
      rectangle('rest', [LABEL, y + 3, rest, BAR - 6], `${row.name}: ${sizeText(row.recordBytes)}`),
      rectangle(
        'fpi',
        [LABEL + rest, y + 3, images, BAR - 6],
        `${row.name}, page images: ${sizeText(row.fpiBytes)}`,
      ),
      label(sizeText(all(row)), LABEL + rest + images + 6, y + 15, 'start'),
    );
  }
  return svg;
}

/** @param {WalFacts} facts */
function alongChart({ stretches }) {
  const most = Math.max(1, ...stretches.map(all));
  const svg = drawing(HEIGHT, 'Bytes along the log');
  const width = WIDTH / Math.max(1, stretches.length);
  for (const [number, stretch] of stretches.entries()) {
    const x = number * width;
    const rest = (HEIGHT * stretch.recordBytes) / most;
    const images = (HEIGHT * stretch.fpiBytes) / most;
    const title = `from ${stretch.lsn}: ${NUMBERS.format(stretch.records)} records, ${sizeText(stretch.recordBytes)} and ${sizeText(stretch.fpiBytes)} of page images`;
    svg.append(
      rectangle('rest', [x, HEIGHT - rest, width * 0.9, rest], title),
      rectangle('fpi', [x, HEIGHT - rest - images, width * 0.9, images], title),
    );
  }
  return svg;
}

/**
 * The columns of pg_waldump's table.
 * @param {string} name
 * @param {Named[]} rows
 * @param {Named} total
 */
function table(name, rows, total) {
  const element = document.createElement('table');
  element.id = `statistics-${name}`;
  const head = element.createTHead().insertRow();
  for (const title of [
    'Type',
    'N',
    '(%)',
    'Record size',
    '(%)',
    'FPI size',
    '(%)',
    'Combined size',
    '(%)',
  ]) {
    const cell = document.createElement('th');
    cell.textContent = title;
    head.append(cell);
  }
  const body = element.createTBody();
  for (const row of rows) fillRow(body.insertRow(), row, total);
  fillRow(element.createTFoot().insertRow(), total, total);
  return element;
}

/**
 * @param {HTMLTableRowElement} line
 * @param {Named} row
 * @param {Named} total
 */
function fillRow(line, row, total) {
  const cells = [
    row.name,
    NUMBERS.format(row.records),
    percent(row.records, total.records),
    NUMBERS.format(row.recordBytes),
    percent(row.recordBytes, total.recordBytes),
    NUMBERS.format(row.fpiBytes),
    percent(row.fpiBytes, total.fpiBytes),
    NUMBERS.format(all(row)),
    percent(all(row), all(total)),
  ];
  for (const text of cells) line.insertCell().textContent = text;
}
