// Which messages belong to which transaction, which transactions are folded, and so which messages
// the list shows.

const FIRST_CAPACITY = 4096;

const BEGINNINGS = new Set(['begin', 'beginPrepare', 'streamStart']);
const ENDINGS = new Set(['commit', 'prepare', 'streamStop']);

const NONE = 0;

export class Folds {
  #capacity = FIRST_CAPACITY;
  /** The number of the message that begins the transaction, plus 1; 0 outside of any. */
  #head = new Uint32Array(FIRST_CAPACITY);
  /** Of a message that begins a transaction: how many others belong to it. */
  #members = new Uint32Array(FIRST_CAPACITY);
  /** The numbers of the messages that are shown. */
  #shown = new Uint32Array(FIRST_CAPACITY);
  /** @type {Set<number>} messages whose transaction is not as `#byDefault` says */
  #exceptions = new Set();
  #foldedByDefault = false;
  /** The transaction that is open while messages are added. */
  #open = NONE;
  #total = 0;

  shown = 0;
  transactions = 0;

  /**
   * @param {number} number messages are added in order, from 0
   * @param {string} kind
   */
  add(number, kind) {
    if (number === this.#capacity) this.#grow();
    this.#total = number + 1;
    if (BEGINNINGS.has(kind)) {
      this.#open = number + 1;
      this.transactions += 1;
    } else if (kind !== 'error' && this.#open !== NONE) {
      // An error belongs to no transaction: it is shown whatever is folded.
      this.#head[number] = this.#open;
      this.#members[this.#open - 1] = this.members(this.#open - 1) + 1;
    }
    if (ENDINGS.has(kind)) this.#open = NONE;
    if (this.#isShown(number)) this.#shown[this.shown++] = number;
  }

  /** @param {number} number */
  members(number) {
    return /** @type {number} */ (this.#members[number]);
  }

  /**
   * The message in a row of the list.
   * @param {number} row
   */
  at(row) {
    return /** @type {number} */ (this.#shown[row]);
  }

  /**
   * The row of a message, or of its transaction's beginning when it is folded away.
   * @param {number} number
   */
  rowOf(number) {
    const wanted = this.#isShown(number) ? number : this.#headOf(number) - 1;
    let low = 0;
    let high = this.shown;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} number */
  describe(number) {
    const members = this.members(number);
    return {
      level: this.#headOf(number) === NONE ? 1 : 2,
      members,
      folded: members > 0 && this.#isFolded(number),
    };
  }

  /**
   * Folds or unfolds the transaction that a message begins or belongs to.
   * @param {number} number
   * @param {boolean} folded
   */
  fold(number, folded) {
    const head = this.#headOf(number) === NONE ? number : this.#headOf(number) - 1;
    if (this.#isFolded(head) === folded) return;
    if (this.#exceptions.has(head)) this.#exceptions.delete(head);
    else this.#exceptions.add(head);
    this.#rebuild();
  }

  /** @param {boolean} folded */
  foldAll(folded) {
    this.#foldedByDefault = folded;
    this.#exceptions.clear();
    this.#rebuild();
  }

  /** @param {number} number */
  #headOf(number) {
    return /** @type {number} */ (this.#head[number]);
  }

  /** @param {number} head */
  #isFolded(head) {
    return this.#exceptions.has(head) !== this.#foldedByDefault;
  }

  /** @param {number} number */
  #isShown(number) {
    const head = this.#headOf(number);
    return head === NONE || !this.#isFolded(head - 1);
  }

  #rebuild() {
    this.shown = 0;
    for (let number = 0; number < this.#total; number += 1) {
      if (this.#isShown(number)) this.#shown[this.shown++] = number;
    }
  }

  #grow() {
    this.#capacity *= 2;
    this.#head = larger(this.#head, this.#capacity);
    this.#members = larger(this.#members, this.#capacity);
    this.#shown = larger(this.#shown, this.#capacity);
  }
}

/**
 * @param {Uint32Array<ArrayBuffer>} array
 * @param {number} capacity
 */
function larger(array, capacity) {
  const copy = new Uint32Array(capacity);
  copy.set(array);
  return copy;
}
