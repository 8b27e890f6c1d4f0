// The virtual list: draws the rows that are in sight, asks for what it needs to draw them, and moves
// by keys and mouse.

import { Row } from './row.js';
import { Scrolling } from './scrolling.js';

/** As in style.css. */
const ROW_HEIGHT = 26;
/** Rows are asked for by this many. */
const PAGE_ROWS = 64;
const PAGES_KEPT = 24;

/** @typedef {import('./store.js').Message} Message */

/**
 * @typedef {object} Asks
 * @property {(request: { generation: number, first: number, count: number }) => void} rows
 * @property {(number: number, folded: boolean) => void} fold
 * @property {(message: Message | null) => void} selected
 */

export class List {
  #element;
  #rowGroup;
  #asks;
  #scrolling;
  /** @type {Row[]} the lines in sight */
  #lines = [];
  #count = 0;
  #selected = 0;
  /** @type {Map<number, Message[]>} pages, the one used last at the end */
  #pages = new Map();
  /** @type {Set<number>} */
  #awaited = new Set();
  #generation = 0;
  #drawing = false;

  /**
   * @param {HTMLElement} element
   * @param {Asks} asks
   */
  constructor(element, asks) {
    const extent = /** @type {HTMLElement} */ (element.querySelector('.extent'));
    this.#element = element;
    this.#rowGroup = /** @type {HTMLElement} */ (element.querySelector('.rows'));
    this.#asks = asks;
    this.#scrolling = new Scrolling(element, extent, () => this.#draw());
    element.addEventListener('keydown', (event) => this.#key(event));
    element.addEventListener('click', (event) => this.#click(event));
    element.addEventListener('dblclick', () => this.#toggle());
    new ResizeObserver(() => this.#scrolling.moveTo(this.#scrolling.offset)).observe(element);
  }

  /** Starts again, for another recording. */
  clear() {
    this.#selected = 0;
    for (const line of this.#lines) line.hide();
    this.forget();
    this.resize(0);
  }

  /** Asks again for everything: what rows hold has changed. */
  forget() {
    this.#generation += 1;
    this.#pages.clear();
    this.#awaited.clear();
    this.#draw();
  }

  /** @param {number} count */
  resize(count) {
    this.#count = count;
    this.#element.setAttribute('aria-rowcount', String(count));
    this.#scrolling.resize(count * ROW_HEIGHT);
    this.#draw();
  }

  /** @param {{ generation: number, first: number, rows: Message[] }} answer */
  receive({ generation, first, rows }) {
    if (generation !== this.#generation) return;
    const page = first / PAGE_ROWS;
    this.#awaited.delete(page);
    this.#pages.delete(page);
    this.#pages.set(page, rows);
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break;
      this.#pages.delete(old);
    }
    this.#draw();
  }

  /**
   * The rows are others after folding; the row that was folded stays where it was in sight.
   * @param {number} count
   * @param {number} row
   */
  refold(count, row) {
    const top = this.#selected * ROW_HEIGHT - this.#scrolling.offset;
    this.#selected = row;
    this.forget();
    this.resize(count);
    this.#scrolling.moveTo(row * ROW_HEIGHT - top);
    this.select(row);
  }

  get selected() {
    return this.#message(this.#selected) ?? null;
  }

  /**
   * Selects a row and brings it into sight.
   * @param {number} row
   */
  select(row) {
    if (this.#count === 0) return;
    this.#selected = Math.min(Math.max(0, row), this.#count - 1);
    const top = this.#selected * ROW_HEIGHT;
    const { offset, height } = this.#scrolling;
    if (top < offset) this.#scrolling.moveTo(top);
    else if (top + ROW_HEIGHT > offset + height) {
      this.#scrolling.moveTo(top + ROW_HEIGHT - height);
    } else this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#scrolling.height / ROW_HEIGHT) - 1);
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowUp: () => this.select(this.#selected - 1),
      ArrowDown: () => this.select(this.#selected + 1),
      PageUp: () => this.select(this.#selected - page),
      PageDown: () => this.select(this.#selected + page),
      Home: () => this.select(0),
      End: () => this.select(this.#count - 1),
      ArrowLeft: () => this.#fold(true),
      ArrowRight: () => this.#fold(false),
      Enter: () => this.#toggle(),
      ' ': () => this.#toggle(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    const line = this.#lines.find(({ element }) => element.contains(target));
    if (!line) return;
    this.select(line.row);
    if (target.matches('[aria-expanded] > .kind')) this.#toggle();
  }

  #toggle() {
    const message = this.selected;
    if (message && message.members > 0) this.#fold(!message.folded);
  }

  /** @param {boolean} folded */
  #fold(folded) {
    const message = this.selected;
    if (message && (message.members > 0 || message.level > 1)) {
      this.#asks.fold(message.number, folded);
    }
  }

  /** @param {number} row */
  #message(row) {
    return this.#pages.get(Math.floor(row / PAGE_ROWS))?.[row % PAGE_ROWS];
  }

  /** Draws once before the next frame, however often it is asked to. */
  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { offset, height } = this.#scrolling;
    const first = Math.floor(offset / ROW_HEIGHT);
    const last = Math.min(this.#count, Math.ceil((offset + height) / ROW_HEIGHT));
    this.#makeLines(Math.ceil(height / ROW_HEIGHT) + 1);
    const used = new Set();
    for (let row = first; row < last; row += 1) {
      used.add(this.#drawRow(row, row * ROW_HEIGHT - offset));
    }
    for (const line of this.#lines) if (!used.has(line)) line.hide();
    const active = this.#lines.find(({ row }) => row === this.#selected);
    if (active) this.#element.setAttribute('aria-activedescendant', active.element.id);
    else this.#element.removeAttribute('aria-activedescendant');
    this.#asks.selected(this.selected);
  }

  /** @param {number} count */
  #makeLines(count) {
    while (this.#lines.length < count) {
      const line = new Row(this.#lines.length);
      line.hide();
      this.#lines.push(line);
      this.#rowGroup.append(line.element);
    }
  }

  /**
   * @param {number} row
   * @param {number} top
   */
  #drawRow(row, top) {
    // A row keeps its line while it is in sight, so that only what comes into sight is filled.
    const line = /** @type {Row} */ (this.#lines[row % this.#lines.length]);
    line.place(row, top, row === this.#selected);
    const message = this.#message(row);
    if (message) line.fill(message);
    else this.#need(Math.floor(row / PAGE_ROWS));
    return line;
  }

  /** @param {number} page */
  #need(page) {
    if (this.#awaited.has(page)) return;
    this.#awaited.add(page);
    const first = page * PAGE_ROWS;
    this.#asks.rows({ generation: this.#generation, first, count: PAGE_ROWS });
  }
}
