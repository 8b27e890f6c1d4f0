// Which of a log's entries the list shows: all, or those that a filter has found.

const FIRST_CAPACITY = 4096;

/** What the list is told of a line's place among others: a log's lines have no others below them. */
const PLAIN = Object.freeze({ level: 1, members: 0, folded: false });

export class WalView {
  /** @type {Uint32Array | null} */
  #found = null;
  #count = 0;
  #all = 0;

  /** Transactions are not put together: a log has their records interleaved. */
  transactions = 0;

  /** @param {number} count of all entries */
  grow(count) {
    this.#all = count;
  }

  get shown() {
    return this.#found === null ? this.#all : this.#count;
  }

  /** Shows all. */
  clear() {
    this.#found = null;
  }

  /** Shows nothing but what is added from now on. */
  begin() {
    this.#found = new Uint32Array(FIRST_CAPACITY);
    this.#count = 0;
  }

  /** @param {number} number in ascending order */
  add(number) {
    let found = /** @type {Uint32Array} */ (this.#found);
    if (this.#count === found.length) {
      found = new Uint32Array(found.length * 2);
      found.set(/** @type {Uint32Array} */ (this.#found));
      this.#found = found;
    }
    found[this.#count++] = number;
  }

  /** @param {number} row */
  at(row) {
    return this.#found === null ? row : /** @type {number} */ (this.#found[row]);
  }

  /**
   * The row of an entry, or of the next one that is shown.
   * @param {number} number
   */
  rowOf(number) {
    if (this.#found === null) return number;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  describe() {
    return PLAIN;
  }

  // Nothing folds.
  fold() {}
  foldAll() {}
}
