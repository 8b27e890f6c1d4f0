// What the page says about a recording.

const NUMBERS = new Intl.NumberFormat('en');
const SIZES = ['bytes', 'KiB', 'MiB', 'GiB'];
const KIB = 1024;

/** @type {Record<string, string>} */
const FORMATS = {
  capture: 'walscope capture',
  pg_recvlogical: 'pg_recvlogical file',
};

/**
 * @param {number} count
 * @param {string} one
 */
export function counted(count, one) {
  return `${NUMBERS.format(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const step = bytes < KIB ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), SIZES.length - 1);
  if (step === 0) return counted(bytes, 'byte');
  return `${(bytes / KIB ** step).toFixed(1)} ${SIZES[step]}`;
}

/**
 * The facts in order; an error count comes apart, for it is a button.
 * @param {import('./worker.js').State} state
 * @param {number} size of the file
 * @param {'reading' | 'read' | 'cancelled'} stage
 */
export function factsOf(state, size, stage) {
  if (state.isLog) return factsOfLog(state, size, stage);
  const unknown = stage === 'reading' ? 'reading' : 'no known format';
  const facts = [
    state.format === null ? unknown : (FORMATS[state.format] ?? state.format),
    sizeText(size),
    counted(state.messages - state.errors, 'message'),
    counted(state.transactions, 'transaction'),
  ];
  if (stage === 'cancelled') facts.push(`cancelled at ${sizeText(state.read)}`);
  else if (state.errors === 0 && stage === 'read') facts.push('no errors');
  return facts;
}

/**
 * @param {import('./worker.js').State} state
 * @param {number} size
 * @param {'reading' | 'read' | 'cancelled'} stage
 */
function factsOfLog(state, size, stage) {
  const facts = [
    state.format ?? 'log of PostgreSQL',
    sizeText(size),
    counted(state.messages - state.errors, 'record'),
  ];
  if (state.filtered) facts.push(`${counted(state.shown, 'line')} found`);
  if (stage === 'cancelled') facts.push(`cancelled at ${sizeText(state.read)}`);
  else if (state.errors === 0 && stage === 'read') facts.push('no errors');
  return facts;
}

/** @param {import('./store.js').Message} message */
export function placeText({ number, kind, offset, size, summary, place }) {
  const what = `#${NUMBERS.format(number + 1)} ${kind}`;
  // A line of the list may be too short for what is wrong.
  if (kind === 'error') return `${what}: ${summary}`;
  if (place !== undefined) return `${what}, ${place}`;
  if (size === 0) return what;
  const [from, to] = [NUMBERS.format(offset), NUMBERS.format(offset + size)];
  return `${what}, bytes ${from} to ${to} (${NUMBERS.format(size)})`;
}
