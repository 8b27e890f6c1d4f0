// A scroller for more rows than an element can be high: browsers end at some ten million pixels, a
// million rows have more. Near moves (wheel, keys) go pixel by pixel; a far one (the scroll bar)
// goes by proportion.

/** What every browser takes as the height of an element, with room to spare. */
const EXTENT_LIMIT = 8_000_000;
/** A scroll event that moves further than this many pages came from the scroll bar. */
const NEAR_PAGES = 3;
const SETTLE_MS = 120;

export class Scrolling {
  #scroller;
  #extent;
  #onMove;
  #total = 0;
  /** Where the scroller stands because we put it there, or have seen it there. */
  #expected = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** How far the content is scrolled, in its own pixels. */
  offset = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} extent its child, which is as high as the content or as can be
   * @param {() => void} onMove
   */
  constructor(scroller, extent, onMove) {
    this.#scroller = scroller;
    this.#extent = extent;
    this.#onMove = onMove;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
  }

  get height() {
    return this.#scroller.clientHeight;
  }

  get #furthest() {
    return Math.max(0, this.#total - this.height);
  }

  /** Pixels of content to one pixel of the scroller. */
  get #ratio() {
    const room = Math.min(this.#total, EXTENT_LIMIT) - this.height;
    return room <= 0 ? 1 : this.#furthest / room;
  }

  /** @param {number} total height of the content */
  resize(total) {
    if (total === this.#total) return;
    this.#total = total;
    this.#extent.style.height = `${Math.min(total, EXTENT_LIMIT)}px`;
    this.moveTo(this.offset);
  }

  /** @param {number} offset */
  moveTo(offset) {
    this.offset = Math.min(Math.max(0, offset), this.#furthest);
    this.#settle();
    this.#onMove();
  }

  /** Puts the scroll bar where the content is. */
  #settle() {
    clearTimeout(this.#settling);
    this.#scroller.scrollTop = this.offset / this.#ratio;
    this.#expected = this.#scroller.scrollTop;
  }

  #scrolled() {
    const { scrollTop } = this.#scroller;
    const moved = scrollTop - this.#expected;
    if (Math.abs(moved) < 1) return;
    this.#expected = scrollTop;
    const near = Math.abs(moved) <= NEAR_PAGES * this.height && this.#ratio > 1;
    const offset = near ? this.offset + moved : scrollTop * this.#ratio;
    this.offset = Math.min(Math.max(0, offset), this.#furthest);
    if (near) {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => this.#settle(), SETTLE_MS);
    }
    this.#onMove();
  }
}
