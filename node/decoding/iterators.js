/** Iteration of a batch: as changes, and as one row that moves. */

import { makeChange } from './changes.js';
import { Row } from './rows.js';
import { located } from './view.js';
import { Walk } from './walk.js';
import { Window } from './window.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./changes.js').Change} Change
 */

/**
 * The changes of a batch.
 *
 * @implements {IterableIterator<Change>}
 */
export class ChangeIterator {
  #walk;
  /** @type {Window | null} */
  #window = null;

  /** @param {Batch} batch */
  constructor(batch) {
    this.#walk = new Walk(batch);
  }

  /** Where the iterator stands. */
  get walk() {
    return this.#walk;
  }

  /**
   * The change of the record that the walk stands on.
   *
   * @returns {Change}
   */
  current() {
    const { at, batch, context, kind } = this.#walk;
    let window = this.#window;
    if (window === null || at >= window.stop) {
      window = new Window(batch, at, batch.to);
      this.#window = window;
    }
    try {
      return makeChange(window, at - window.start, context, batch, kind);
    } catch (error) {
      throw located(error, batch.index, at);
    }
  }

  /**
   * The next change, or undefined: `next` without an object around it.
   *
   * @returns {Change | undefined}
   */
  step() {
    return this.#walk.advance() ? this.current() : undefined;
  }

  /** @returns {IteratorResult<Change, undefined>} */
  next() {
    const value = this.step();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/**
 * The records of a batch, all as the same object.
 *
 * @implements {IterableIterator<Row>}
 */
export class RowIterator {
  #walk;
  #row;
  // The same object each time, as the row is: a loop reads it before it asks again.
  /** @type {IteratorYieldResult<Row>} */
  #result;

  /** @param {Batch} batch */
  constructor(batch) {
    this.#walk = new Walk(batch);
    this.#row = new Row(batch, this.#walk);
    this.#result = { done: false, value: this.#row };
  }

  /** @returns {IteratorResult<Row, undefined>} */
  next() {
    const walk = this.#walk;
    if (!walk.advance()) return { done: true, value: undefined };
    Row.move(this.#row);
    return this.#result;
  }

  [Symbol.iterator]() {
    return this;
  }
}
