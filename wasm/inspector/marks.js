// The text of a summary says by control characters what follows: a name, a value, or a word that is
// no value. Values cannot hold such characters: `visible` shows them as pictures.

export const NAME = '\u0001';
export const VALUE = '\u0002';
export const WORD = '\u0003';

const MARK = /[\u0001-\u0003]/;
const MARKS = /([\u0001-\u0003])/;

const PLAIN = /^[\x20-\x7e]*$/;
const ASCII = /^[\x00-\x7f]*$/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
// What turns the direction of text around, and marks that nobody sees.
const INVISIBLE = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

const CONTROL_PICTURES = 0x2400;
const DELETE = '\u007f';
const DELETE_PICTURE = '\u2421';
const FIRST_OF_C1 = '\u0080';

// Text of another direction keeps to its place between these.
const ISOLATE = '\u2068';
const END_ISOLATE = '\u2069';

/** @param {string} character */
function picture(character) {
  if (character === DELETE) return DELETE_PICTURE;
  if (character >= FIRST_OF_C1) return escape(character);
  return String.fromCharCode(CONTROL_PICTURES + character.charCodeAt(0));
}

/** @param {string} character */
function escape(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Text as it may stand in a line: nothing in it is invisible or moves what is beside it.
 * @param {string} text
 */
export function visible(text) {
  if (PLAIN.test(text)) return text;
  const shown = text.replace(CONTROL, picture).replace(INVISIBLE, escape);
  return ASCII.test(text) ? shown : `${ISOLATE}${shown}${END_ISOLATE}`;
}

/**
 * The text of a summary without its marks, and where its names and words are.
 * @param {string} summary
 */
export function readMarks(summary) {
  let text = '';
  let mark = VALUE;
  /** @type {[number, number][]} */
  const names = [];
  /** @type {[number, number][]} */
  const words = [];
  for (const part of summary.split(MARKS)) {
    if (MARK.test(part)) {
      mark = part;
      continue;
    }
    const from = text.length;
    text += part;
    if (mark === NAME) names.push([from, text.length]);
    if (mark === WORD) words.push([from, text.length]);
  }
  return { text, names, words };
}
