// Where a recording comes from: a file of the user, the bundled sample, hex from the clipboard.

export const SAMPLE_NAME = 'orders.walcap';
const SAMPLE = new URL(`samples/${SAMPLE_NAME}`, import.meta.url);

const SLICE_BYTES = 1 << 20;

// A frame of a capture begins with this; bare messages end with a line feed.
const COPY_DATA = 0x64;
const LINE_FEED = 0x0a;

const NOT_DIGITS = /0x|\\x|[\s,:;]/gi;
const BAD_DIGIT = /[^0-9a-f]/i;

/** @returns {Promise<File>} */
export async function openSample() {
  const response = await fetch(SAMPLE);
  if (!response.ok)
    throw new Error(`the sample cannot be read: the server says ${response.status}`);
  return new File([await response.blob()], SAMPLE_NAME);
}

/**
 * Hex as a file. Throws what is wrong with it as a sentence.
 * @param {string} text
 */
export function fileFromHex(text) {
  const digits = text.replace(NOT_DIGITS, '');
  const bad = BAD_DIGIT.exec(digits);
  if (bad) throw new Error(`“${bad[0]}” is no hex digit.`);
  if (digits.length === 0) throw new Error('There are no hex digits.');
  if (digits.length % 2 === 1) throw new Error(`${digits.length} digits: a byte has two.`);
  const bytes = Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  // One message copied from somewhere lacks the line feed that ends it in a pg_recvlogical file.
  if (bytes[0] !== COPY_DATA && bytes.at(-1) !== LINE_FEED) bytes.push(LINE_FEED);
  return new File([new Uint8Array(bytes)], 'pasted hex');
}

/**
 * The bytes of a file in pieces. Between two of them the worker sees what the page asks for.
 * @param {Blob} file
 * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>>}
 */
export async function* slices(file) {
  for (let from = 0; from < file.size; from += SLICE_BYTES) {
    const slice = file.slice(from, Math.min(from + SLICE_BYTES, file.size));
    yield new Uint8Array(await slice.arrayBuffer());
  }
}
