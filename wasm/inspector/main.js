// Joins the page's parts with the worker that reads.

import { showStatistics } from './charts.js';
import { DetailPane } from './detail.js';
import { counted, factsOf, placeText } from './facts.js';
import { listenForFiles } from './inputs.js';
import { List } from './list.js';
import { page } from './page.js';
import { openSample } from './source.js';

const LINES_SUFFIX = '.jsonl';

/**
 * @typedef {import('./worker.js').Request} Request
 * @typedef {import('./worker.js').Answer} Answer
 * @typedef {import('./worker.js').State} State
 */

const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

/** @type {File[]} */
let files = [];
/** Numbers the recordings: what comes late about an earlier one is dropped. */
let id = 0;
let allFolded = false;
let isLog = false;
/** The record that is taken apart, or that was asked for. */
let detailed = -1;

const list = new List(page.list, {
  rows: (request) => ask({ type: 'rows', ...request }),
  fold: (number, folded) => ask({ type: 'fold', number, folded }),
  selected: showPlace,
});

const detail = new DetailPane({
  pane: page.detail,
  title: page.detailTitle,
  line: page.detailLine,
  tree: page.tree,
  hex: page.bytes,
  place: page.status,
});

/** @param {Request} request */
function ask(request) {
  worker.postMessage(request);
}

/** @param {File[]} opened */
function open(opened) {
  files = opened;
  const [first, ...more] = opened;
  const name = more.length > 0 ? `${opened.length} files` : (first?.name ?? '');
  page.name.textContent = name;
  document.title = `${name} · walscope inspector`;
  page.status.textContent = '';
  showKind(false);
  page.facts.replaceChildren();
  list.clear();
  showReading(true);
  id += 1;
  ask({ type: 'open', id, files: opened, folded: allFolded });
  page.list.focus();
}

/**
 * What can be done with a log is not what can be done with a recording.
 * @param {boolean} log
 */
function showKind(log) {
  isLog = log;
  detailed = -1;
  detail.hide();
  showCharts(false);
  page.fold.hidden = log;
  page.export.hidden = log;
  page.statistics.hidden = !log;
  page.filterForm.hidden = !log;
  page.filter.value = '';
  page.filterProblem.textContent = '';
  document.body.classList.toggle('log', log);
}

/** @param {boolean} shown */
function showCharts(shown) {
  page.charts.hidden = !shown;
  page.list.hidden = shown;
  page.statistics.setAttribute('aria-pressed', String(shown));
  if (shown) ask({ type: 'statistics' });
  else page.charts.replaceChildren();
}

/** @param {boolean} reading */
function showReading(reading) {
  page.reading.hidden = !reading;
  page.progress.value = 0;
  page.export.disabled = reading;
}

function size() {
  return files.reduce((sum, file) => sum + file.size, 0);
}

/** @param {number} read bytes */
function showProgress(read) {
  page.progress.value = size() > 0 ? read / size() : 1;
}

/**
 * @param {State} state
 * @param {'reading' | 'read' | 'cancelled'} stage
 */
function showFacts(state, stage) {
  const facts = factsOf(state, size(), stage).map((fact) => {
    const item = document.createElement('li');
    item.textContent = fact;
    return item;
  });
  if (state.errors > 0) facts.push(errorButton(state.errors));
  page.facts.replaceChildren(...facts);
}

/** @param {number} errors */
function errorButton(errors) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'errors';
  button.textContent = counted(errors, 'error');
  button.title = 'Go to the next error';
  button.addEventListener('click', () => {
    ask({ type: 'nextError', after: list.selected?.number ?? -1 });
    page.list.focus();
  });
  item.append(button);
  return item;
}

/** @param {import('./store.js').Message | null} message */
function showPlace(message) {
  const text = message ? placeText(message) : '';
  if (page.place.textContent !== text) page.place.textContent = text;
  if (!isLog || !message || message.number === detailed) return;
  detailed = message.number;
  ask({ type: 'detail', number: detailed });
}

/** @param {Extract<Answer, { type: 'exported' }>} answer */
function save({ lines, count, problem, cancelled }) {
  showReading(false);
  const [file] = files;
  if (cancelled || !file) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(lines);
  link.download = `${file.name.replace(/\.[^.]*$/, '')}${LINES_SUFFIX}`;
  link.click();
  // The browser reads the lines after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  const stopped = problem === null ? '' : ` It stops there: ${problem}`;
  page.status.textContent = `Exported ${counted(count, 'change')}.${stopped}`;
}

/** @param {Extract<Answer, { type: 'read' }>} answer */
function finish({ state, cancelled }) {
  showReading(false);
  list.resize(state.shown);
  list.forget();
  showFacts(state, cancelled ? 'cancelled' : 'read');
}

/** @param {Extract<Answer, { type: 'filtered' }>} answer */
function showFiltered({ state, problem, cancelled }) {
  page.filterProblem.textContent = problem;
  finish({ type: 'read', state, cancelled });
  list.select(0);
}

/** @param {Answer} answer */
function receive(answer) {
  if ('state' in answer && answer.state.id !== id) return;
  switch (answer.type) {
    case 'progress':
      if (answer.state.isLog && !isLog) showKind(true);
      showProgress(answer.state.read);
      showFacts(answer.state, 'reading');
      return list.resize(answer.state.shown);
    case 'read':
      if (answer.state.isLog && !isLog) showKind(true);
      return finish(answer);
    case 'filtered':
      return showFiltered(answer);
    case 'statistics':
      return showStatistics(page.charts, answer.facts);
    case 'detail':
      if (answer.detail === null) return detail.hide();
      if (answer.detail.number === detailed) detail.show(answer.detail);
      return;
    case 'rows':
      return list.receive(answer);
    case 'folded':
      return list.refold(answer.shown, answer.row);
    case 'show':
      return list.select(answer.row);
    case 'exporting':
      return showProgress(answer.read);
    case 'exported':
      return save(answer);
    case 'failed':
      return fail(answer.message);
  }
}

/** @param {string} message */
function fail(message) {
  showReading(false);
  page.status.textContent = message;
}

async function showSample() {
  try {
    open([await openSample()]);
  } catch (error) {
    fail(String(error));
  }
}

worker.addEventListener('message', ({ data }) => receive(data));
worker.addEventListener('error', (event) => fail(`The decoder cannot start: ${event.message}`));
page.cancel.addEventListener('click', () => ask({ type: 'cancel' }));
page.sample.addEventListener('click', showSample);
page.export.addEventListener('click', () => {
  showReading(true);
  ask({ type: 'export' });
});
page.fold.addEventListener('click', () => {
  allFolded = !allFolded;
  page.fold.setAttribute('aria-pressed', String(allFolded));
  ask({ type: 'foldAll', folded: allFolded, number: list.selected?.number ?? 0 });
});
page.statistics.addEventListener('click', () => showCharts(page.charts.hidden === true));
page.filterForm.addEventListener('submit', (event) => {
  event.preventDefault();
  page.filterProblem.textContent = '';
  showReading(true);
  showCharts(false);
  ask({ type: 'filter', text: page.filter.value });
});
listenForFiles(open);
void showSample();
