// Owns the wasm module and the file. The page asks for rows and gets plain objects; it never holds
// more of them than it shows.

import { init } from '../index.js';
import { Recording } from './recording.js';

const PROGRESS_MS = 50;

/**
 * @typedef {import('./recording.js').Reading} Reading
 * @typedef {import('./store.js').MessageStore} MessageStore
 */

/**
 * @typedef {{ type: 'open', id: number, file: Blob, folded: boolean }
 *   | { type: 'cancel' }
 *   | { type: 'rows', generation: number, first: number, count: number }
 *   | { type: 'fold', number: number, folded: boolean }
 *   | { type: 'foldAll', folded: boolean, number: number }
 *   | { type: 'nextError', after: number }
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
 *
 * @typedef {{ type: 'progress', state: State }
 *   | { type: 'read', state: State, cancelled: boolean }
 *   | { type: 'rows', generation: number, first: number, rows: import('./store.js').Message[] }
 *   | { type: 'folded', shown: number, row: number }
 *   | { type: 'show', row: number }
 *   | { type: 'exporting', read: number }
 *   | { type: 'exported', lines: Blob, count: number, problem: string | null, cancelled: boolean }
 *   | { type: 'failed', message: string }} Answer
 */

/** @type {{ postMessage(answer: Answer): void, onmessage: ((event: MessageEvent<Request>) => void) | null }} */
const page = /** @type {any} */ (globalThis);

/** @type {Recording | null} */
let recording = null;
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
    default:
      if (recording) return answerAboutRows(request, recording.store);
  }
}

/** @typedef {Extract<Request, { type: 'rows' | 'fold' | 'foldAll' | 'nextError' }>} RowRequest */

/** @param {Extract<Request, { type: 'open' }>} request */
async function open({ id, file, folded }) {
  const own = begin();
  const opened = new Recording(file);
  opened.store.folds.foldAll(folded);
  recording = opened;
  await init();
  const onProgress = seldom(() =>
    page.postMessage({ type: 'progress', state: state(id, opened, own) }),
  );
  await opened.read(own, onProgress);
  if (recording !== opened) return;
  page.postMessage({ type: 'read', state: state(id, opened, own), cancelled: own.cancelled });
}

async function exportLines() {
  if (!recording) return;
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
 * @param {Recording} opened
 * @param {Reading} own
 * @returns {State}
 */
function state(id, { store, format }, own) {
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
  };
}

/**
 * @param {RowRequest} request
 * @param {MessageStore} store
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
