/** The option `encoding`: what the text of a database is that has no encoding (SQL_ASCII). */

import { WalscopeError } from './errors.js';

const UTF8 = 'utf-8';
/** Their ASCII is not ASCII, and so none of PostgreSQL's either. */
const NOT_ASCII = ['utf-16le', 'utf-16be', 'iso-2022-jp', 'replacement'];

/**
 * The standard's name of an encoding.
 *
 * @param {unknown} label
 * @returns {string}
 */
export function encodingName(label) {
  /** @type {string | null} */
  let name = null;
  try {
    if (typeof label === 'string') name = decoderOf(label).encoding;
  } catch {
    // No decoder has this label.
  }
  if (name !== null && !NOT_ASCII.includes(name)) return name;
  throw new WalscopeError({
    code: 'WALSCOPE_BAD_OPTION',
    message: `the option encoding is ${JSON.stringify(label) ?? String(label)}`,
    hint: "it is a name that TextDecoder knows, of an encoding that holds ASCII: 'latin1', 'euc-jp'",
  });
}

/**
 * The decoder for values; null for UTF-8, which has one of its own.
 *
 * @param {string} name
 * @returns {TextDecoder | null}
 */
export function valueDecoder(name) {
  return name === UTF8 ? null : decoderOf(name);
}

/** @param {string} label */
function decoderOf(label) {
  return new TextDecoder(label, { fatal: true, ignoreBOM: true });
}
