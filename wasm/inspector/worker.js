// Owns the wasm module and the file. The page asks for rows and gets plain objects; it never holds
// more of them than it shows.

import { init } from '../index.js';
import { init as initLog } from '../wal.js';
import { Recording } from './recording.js';
import { isLog } from './wal-files.js';
import { WalRecording } from './wal-recording.js';

const PROGRESS_MS = 50;

/**
 * @typedef {import('./recording.js').Reading} Reading
 * @typedef {import('./store.js').MessageStore} MessageStore
 * @typedef {import('./wal-store.js').WalStore} WalStore
 */

/**
 * @typedef {{ type: 'open', id: number, files: File[], folded: boolean }
 *   | { type: 'cancel' }
 *   | { type: 'rows', generation: number, first: number, count: number }
 *   | { type: 'fold', number: number, folded: boolean }
 *   | { type: 'foldAll', folded: boolean, number: number }
 *   | { type: 'nextError', after: number }
 *   | { type: 'filter', text: string }
 *   | { type: 'statistics' }
 *   | { type: 'detail', number: number }
 *   | { type: 'export' }} Request
 *
 * @typedef {object} State
 * @property {number} id of the recording, as the page numbered it
 * @property {number} read bytes
 * @property {number} messages
 * @property {number} shown
 * @property {number} transactions
 * @property {number} errors
 * @property {string | null} format
 * @property {boolean} isLog
 * @property {boolean} filtered whether only what a filter has found is listed
 *
 * @typedef {{ type: 'progress', state: State }
 *   | { type: 'read', state: State, cancelled: boolean }
 *   | { type: 'rows', generation: number, first: number, rows: import('./store.js').Message[] }
 *   | { type: 'folded', shown: number, row: number }
 *   | { type: 'show', row: number }
 *   | { type: 'exporting', read: number }
 *   | { type: 'exported', lines: Blob, count: number, problem: string | null, cancelled: boolean }
 *   | { type: 'filtered', state: State, problem: string | null, cancelled: boolean }
 *   | { type: 'statistics', facts: import('./wal-recording.js').WalFacts }
 *   | { type: 'detail', detail: import('./wal-recording.js').Detail | null }
 *   | { type: 'failed', message: string }} Answer
 */

/** @type {{ postMessage(answer: Answer): void, onmessage: ((event: MessageEvent<Request>) => void) | null }} */
const page = /** @type {any} */ (globalThis);

/** @type {Recording | WalRecording | null} */
let recording = null;
let recordingId = 0;
let filtered = false;
/** @type {Reading} */
let reading = { read: 0, cancelled: false };

/** @param {Request} request */
async function answer(request) {
  switch (request.type) {
    case 'open':
      return open(request);
    case 'cancel':
      reading.cancelled = true;
      return;
    case 'export':
      return exportLines();
    case 'filter':
      return filter(request.text);
    case 'statistics':
      if (recording instanceof WalRecording) {
        page.postMessage({ type: 'statistics', facts: recording.statistics() });
      }
      return;
    case 'detail':
      return showDetail(request.number);
    default:
      if (recording) return answerAboutRows(request, recording.store);
  }
}

/** @typedef {Extract<Request, { type: 'rows' | 'fold' | 'foldAll' | 'nextError' }>} RowRequest */

/** @param {Extract<Request, { type: 'open' }>} request */
async function open({ id, files, folded }) {
  const own = begin();
  const [first] = files;
  if (first === undefined) return;
  await Promise.all([init(), initLog()]);
  const opened = (await isLog(first)) ? new WalRecording(files) : new Recording(first);
  if (own.cancelled && reading !== own) return;
  opened.store.folds.foldAll(folded);
  recording = opened;
  recordingId = id;
  filtered = false;
  const onProgress = seldom(() =>
    page.postMessage({ type: 'progress', state: state(id, opened, own) }),
  );
  await opened.read(own, onProgress);
  if (recording !== opened) return;
  page.postMessage({ type: 'read', state: state(id, opened, own), cancelled: own.cancelled });
}

/** @param {string} text */
async function filter(text) {
  if (!(recording instanceof WalRecording)) return;
  const own = begin();
  const opened = recording;
  const id = recordingId;
  /** @type {string | null} */
  let problem = null;
  const tell = () => page.postMessage({ type: 'progress', state: state(id, opened, own) });
  try {
    filtered = text.trim() !== '';
    await opened.filter(text, own, seldom(tell));
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  if (recording !== opened || reading !== own) return;
  const { cancelled } = own;
  page.postMessage({ type: 'filtered', state: state(id, opened, own), problem, cancelled });
}

/** @param {number} number */
async function showDetail(number) {
  if (!(recording instanceof WalRecording)) return;
  page.postMessage({ type: 'detail', detail: await recording.detail(number) });
}

async function exportLines() {
  if (!(recording instanceof Recording)) return;
  const own = begin();
  const onProgress = seldom(() => page.postMessage({ type: 'exporting', read: own.read }));
  const exported = await recording.export(own, onProgress);
  page.postMessage({ type: 'exported', ...exported, cancelled: own.cancelled });
}

/** Ends what is being read, if anything is, and begins to read something else. */
function begin() {
  reading.cancelled = true;
  reading = { read: 0, cancelled: false };
  return reading;
}

/**
 * @param {number} id
 * @param {Recording | WalRecording} opened
 * @param {Reading} own
 * @returns {State}
 */
function state(id, opened, own) {
  const { store, format } = opened;
  const { length, errors, folds } = store;
  const { shown, transactions } = folds;
  return {
    id,
    read: own.read,
    messages: length,
    shown,
    transactions,
    errors: errors.length,
    format,
    isLog: opened instanceof WalRecording,
    filtered,
  };
}

/**
 * @param {RowRequest} request
 * @param {MessageStore | WalStore} store
 */
async function answerAboutRows(request, store) {
  const { folds, errors } = store;
  switch (request.type) {
    case 'rows':
      page.postMessage({ ...request, rows: await store.rows(request.first, request.count) });
      return;
    case 'nextError': {
      const number = errors.find((error) => error > request.after) ?? errors[0];
      if (number !== undefined) page.postMessage({ type: 'show', row: folds.rowOf(number) });
      return;
    }
    case 'fold':
      folds.fold(request.number, request.folded);
      break;
    case 'foldAll':
      folds.foldAll(request.folded);
      break;
  }
  page.postMessage({ type: 'folded', shown: folds.shown, row: folds.rowOf(request.number) });
}

/**
 * Calls at most every `PROGRESS_MS`.
 * @param {() => void} call
 */
function seldom(call) {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = now + PROGRESS_MS;
    call();
  };
}

page.onmessage = ({ data }) => {
  answer(data).catch((error) => page.postMessage({ type: 'failed', message: String(error) }));
};
