// One line of the list. Lines are few and are filled anew while the list scrolls. They hold text
// only: whatever a database holds, it is never markup here.

import { VALUE, WORD, readMarks } from './marks.js';

const CELLS = /** @type {const} */ ([
  'number',
  'lsn',
  'xid',
  'kind',
  'relation',
  'summary',
  'bytes',
]);

const NUMBERS = new Intl.NumberFormat('en');

/**
 * Names and words in summaries are coloured without an element each, which would be thousands.
 * @type {{ names: Highlight, words: Highlight } | null}
 */
const highlights = makeHighlights();

function makeHighlights() {
  if (!('highlights' in CSS)) return null;
  const made = { names: new Highlight(), words: new Highlight() };
  CSS.highlights.set('summary-name', made.names);
  CSS.highlights.set('summary-word', made.words);
  return made;
}

export class Row {
  element = document.createElement('div');
  /** @type {Map<string, Text>} */
  #texts = new Map();
  /** @type {{ highlight: Highlight, range: StaticRange }[]} */
  #ranges = [];
  /** @type {unknown} */
  #message = null;
  #row = -1;

  /** @param {number} id */
  constructor(id) {
    this.element.className = 'row';
    this.element.id = `row-${id}`;
    this.element.setAttribute('role', 'row');
    for (const name of CELLS) {
      const cell = document.createElement('span');
      cell.className = name;
      cell.setAttribute('role', 'gridcell');
      const text = document.createTextNode('');
      cell.append(text);
      this.#texts.set(name, text);
      this.element.append(cell);
    }
  }

  get row() {
    return this.#row;
  }

  /**
   * @param {number} row of the list
   * @param {number} top in pixels
   * @param {boolean} selected
   */
  place(row, top, selected) {
    const { element } = this;
    element.hidden = false;
    element.style.transform = `translateY(${top}px)`;
    element.setAttribute('aria-selected', String(selected));
    if (row === this.#row) return;
    this.#row = row;
    element.setAttribute('aria-rowindex', String(row + 1));
    this.#clear();
  }

  hide() {
    this.element.hidden = true;
    this.#row = -1;
  }

  #clear() {
    this.#message = null;
    this.element.className = 'row coming';
    this.element.removeAttribute('aria-expanded');
    for (const text of this.#texts.values()) text.data = '';
    this.#forgetRanges();
  }

  /** @param {import('./store.js').Message} message */
  fill(message) {
    if (message === this.#message) return;
    this.#message = message;
    const { element } = this;
    element.className = `row ${message.style ?? message.kind}`;
    element.setAttribute('aria-level', String(message.level));
    if (message.members > 0) element.setAttribute('aria-expanded', String(!message.folded));
    else element.removeAttribute('aria-expanded');
    this.#write('number', NUMBERS.format(message.number + 1));
    this.#write('lsn', message.lsn);
    this.#write('xid', message.xid === null ? '' : String(message.xid));
    this.#write('kind', message.kind);
    this.#write('relation', message.relation);
    this.#write('bytes', message.size === 0 ? '' : NUMBERS.format(message.size));
    this.#writeSummary(message);
  }

  /**
   * @param {typeof CELLS[number]} name
   * @param {string} value
   */
  #write(name, value) {
    const text = /** @type {Text} */ (this.#texts.get(name));
    if (text.data !== value) text.data = value;
  }

  /** @param {import('./store.js').Message} message */
  #writeSummary({ members, summary }) {
    const count = `${WORD}${NUMBERS.format(members)} ${members === 1 ? 'message' : 'messages'}`;
    const { text, names, words } = readMarks(
      members === 0 ? summary : `${count}${VALUE}  ${summary}`,
    );
    this.#forgetRanges();
    this.#write('summary', text);
    if (highlights === null) return;
    for (const place of names) this.#highlight(highlights.names, place);
    for (const place of words) this.#highlight(highlights.words, place);
  }

  /**
   * @param {Highlight} highlight
   * @param {[number, number]} place
   */
  #highlight(highlight, [startOffset, endOffset]) {
    const node = /** @type {Text} */ (this.#texts.get('summary'));
    const range = new StaticRange({
      startContainer: node,
      startOffset,
      endContainer: node,
      endOffset,
    });
    highlight.add(range);
    this.#ranges.push({ highlight, range });
  }

  #forgetRanges() {
    for (const { highlight, range } of this.#ranges) highlight.delete(range);
    this.#ranges = [];
  }
}
