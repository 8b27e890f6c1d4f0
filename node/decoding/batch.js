/** A batch: the bytes of many messages and core's table over them. */

import { WalscopeError } from './errors.js';
import { Context, truncatedSlots } from './facts.js';
import { ChangeIterator, RowIterator } from './iterators.js';
import {
  FLAG_NEW_RELATION,
  FLAG_SHIFT,
  HEADER,
  isRow,
  KIND,
  KIND_MASK,
  LAYOUT_VERSION,
  RECORD,
  ROW,
} from './layout.js';
import { errorOf } from './problem.js';
import { readDescription, readValueTypes, Relation } from './relation.js';
import { refuseUnknown, typeOptions } from './options.js';
import { countAt, wordAt } from './words.js';

/**
 * @typedef {import('./facts.js').Relations} Relations
 * @typedef {import('./values.js').ValueOptions} ValueOptions
 *
 * @typedef {object} BatchOptions
 * @property {ValueOptions} values
 * @property {'throw' | 'include'} errors whether an error record ends the iteration
 * @property {object | null} owner the stream that delivers the batch
 *
 * @typedef {{ bytes: Uint8Array, index: Int32Array }} RawBatch
 *
 * @typedef {object} TransferableBatch
 * @property {Uint8Array} bytes
 * @property {Int32Array} index
 * @property {[number, import('./relation.js').FullDescription][]} relations by slot
 * @property {Omit<ValueOptions, 'types' | 'typeTable'>} values
 * @property {'throw' | 'include'} errors
 * @property {{ from: number, to: number, context: import('./facts.js').ContextFields | null }} part
 */

/**
 * Refuses a capture of another plugin than pgoutput by its name: only pgoutput's messages are decoded.
 *
 * @param {Int32Array} index
 * @param {number} at the record of the capture's head
 * @param {Uint8Array} bytes
 */
function refuseOtherPlugin(index, at, bytes) {
  const offset = wordAt(index, at + RECORD.OFFSET);
  const json = bytes.subarray(offset, offset + wordAt(index, at + RECORD.SIZE));
  /** @type {unknown} */
  let plugin;
  try {
    ({ plugin } = JSON.parse(new TextDecoder().decode(json)));
  } catch {
    // A head that says nothing: what follows is taken for pgoutput's.
  }
  if (typeof plugin !== 'string' || plugin === 'pgoutput') return;
  throw new WalscopeError({
    code: 'WALSCOPE_UNSUPPORTED',
    message: `the capture holds messages of the plugin ${plugin}: only pgoutput's are decoded`,
    hint: 'walscope decode prints them as they are',
  });
}

/** What one connection or recording has told so far, and how its values are read. */
export class Session {
  /** @type {Relations} */
  relations = new Map();
  /** The slot of each table, by its OID. @type {Map<number, number>} */
  #slots = new Map();
  /** The error that core stopped at. @type {import('./errors.js').DecodeError | null} */
  failed = null;

  /** @param {BatchOptions} options */
  constructor(options) {
    this.options = options;
  }

  /**
   * The next batch from core. Its relations are taken in now, for it may never be iterated.
   *
   * @param {RawBatch} raw
   * @returns {Batch}
   */
  batch({ bytes, index }) {
    if (index[HEADER.VERSION] !== LAYOUT_VERSION) {
      throw new WalscopeError({
        code: 'WALSCOPE_NO_BINDING',
        message: `the native part has version ${index[HEADER.VERSION]} of the batch layout, the JavaScript part ${LAYOUT_VERSION}`,
        hint: 'install both parts of walscope in the same version',
      });
    }
    // The batch's own table: a capture's next part forgets the relations, records before it do not.
    let relations = this.relations;
    let failed = -1;
    const told = wordAt(index, HEADER.TOLD);
    const first = told === 0 ? index.length : told;
    for (let at = first; at < index.length; at += wordAt(index, at + RECORD.LENGTH)) {
      const kind = wordAt(index, at) & KIND_MASK;
      if (kind === KIND.HEAD) {
        refuseOtherPlugin(index, at, bytes);
        if (relations === this.relations) relations = new Map(relations);
        this.relations = new Map();
        this.#slots.clear();
      } else if (kind === KIND.RELATION) {
        this.#describe(relations, index, at, bytes);
      } else if (kind === KIND.ERROR) {
        failed = at;
      }
    }
    const batch = new Batch(bytes, index, relations, this.options);
    // Read now: the batch may have moved to another thread when the error is due.
    if (failed >= 0 && this.options.errors === 'throw') this.failed ??= errorOf(batch, failed);
    return batch;
  }

  /**
   * @param {Relations} relations of the batch
   * @param {Int32Array} index
   * @param {number} at
   * @param {Uint8Array} bytes
   */
  #describe(relations, index, at, bytes) {
    const slot = wordAt(index, at + RECORD.BODY);
    if (((wordAt(index, at) >>> FLAG_SHIFT) & FLAG_NEW_RELATION) === 0 && relations.has(slot))
      return;
    const description = {
      ...readDescription(index, at, bytes),
      values: readValueTypes(index, at),
    };
    const relation = new Relation(description, this.options.values);
    const { oid } = relation.description;
    const old = this.#slots.get(oid);
    if (old !== undefined) {
      // Later batches do not need the old description; this one and those before it do.
      if (relations === this.relations) this.relations = new Map(relations);
      this.relations.delete(old);
    }
    this.#slots.set(oid, slot);
    relations.set(slot, relation);
    this.relations.set(slot, relation);
  }
}

export class Batch {
  #options;
  /** What `items` was before the batch moved away. @type {number | null} */
  #items = null;

  /**
   * Made by decoders, streams and `Batch.from`, not by users.
   *
   * @param {Uint8Array} bytes
   * @param {Int32Array} index
   * @param {Relations} relations by slot
   * @param {BatchOptions} options
   * @param {{ from: number, to: number, context: Context | null }} [part] the records of this batch
   */
  constructor(bytes, index, relations, options, part) {
    this.#options = options;
    this.bytes = bytes;
    this.index = index;
    this.relations = relations;
    this.errors = options.errors;
    this.owner = options.owner;
    // All bits are set where the batch holds transactions that came in pieces.
    const position = countAt(index, HEADER.POSITION);
    this.position = position < 0 ? null : position;
    this.itemsBefore = countAt(index, HEADER.ITEMS_BEFORE);
    this.from = part?.from ?? HEADER.LENGTH;
    this.to = part?.to ?? index.length;
    this.context = part?.context ?? null;
  }

  /**
   * The records as one cursor that moves: the fast road.
   *
   * @returns {RowIterator}
   */
  [Symbol.iterator]() {
    return new RowIterator(this);
  }

  /**
   * The records as changes: plain data.
   *
   * @returns {ChangeIterator}
   */
  changes() {
    return new ChangeIterator(this);
  }

  /**
   * Some consecutive records of this batch.
   *
   * @param {number} from
   * @param {number} to
   * @param {Context | null} context the transaction that is open at `from`
   * @returns {Batch}
   */
  part(from, to, context) {
    const part = { from, to, context };
    return new Batch(this.bytes, this.index, this.relations, this.#options, part);
  }

  /** How many items of the stream were delivered with the last record of this batch. */
  get items() {
    if (this.#items !== null) return this.#items;
    const { index } = this;
    let last = 0;
    for (let at = this.from; at < this.to; at += wordAt(index, at + RECORD.LENGTH)) {
      last = wordAt(index, at + RECORD.ITEMS);
    }
    return this.itemsBefore + last;
  }

  /**
   * What `postMessage` takes: the batch, relations included, and the list of what moves with it.
   * After it was posted this batch is empty, but it can still be confirmed. A part is copied: what
   * it shares its buffers with stays here.
   *
   * @returns {{ message: TransferableBatch, transfer: ArrayBuffer[] }}
   */
  toTransferable() {
    const { errors } = this.#options;
    // Functions cannot be moved: who takes the batch gives its own, and the table that names them.
    const { types: _, typeTable: __, ...values } = this.#options.values;
    this.#items = this.items;
    const whole = this.from === HEADER.LENGTH && this.to === this.index.length;
    const bytes = whole ? owned(this.bytes) : copied(this.bytes);
    const index = whole ? owned(this.index) : copied(this.index);
    const context = this.context === null ? null : { ...this.context };
    const part = { from: this.from, to: this.to, context };
    const message = { bytes, index, relations: this.#descriptions(), values, errors, part };
    return { message, transfer: [bytes.buffer, index.buffer] };
  }

  /**
   * A batch from what `toTransferable` gave, on the other side.
   *
   * @param {TransferableBatch} message
   * @param {{ types?: Record<string, (text: string) => unknown>, typeTable?: unknown }} [options]
   * @returns {Batch}
   */
  static from({ bytes, index, relations, values: others, errors, part }, options = {}) {
    refuseUnknown(options, ['types', 'typeTable']);
    const values = { ...others, ...typeOptions(options, null) };
    /** @type {Relations} */
    const bySlot = new Map();
    for (const [slot, description] of relations) {
      bySlot.set(slot, new Relation(description, values));
    }
    const context = part.context === null ? null : new Context(part.context);
    return new Batch(bytes, index, bySlot, { values, errors, owner: null }, { ...part, context });
  }

  /**
   * The tables that this batch speaks of.
   *
   * @returns {TransferableBatch['relations']}
   */
  #descriptions() {
    const { index } = this;
    /** @type {Map<number, import('./relation.js').FullDescription>} */
    const used = new Map();
    for (let at = this.from; at < this.to; at += wordAt(index, at + RECORD.LENGTH)) {
      const kind = wordAt(index, at) & KIND_MASK;
      let slots = index.subarray(0, 0);
      if (isRow(kind)) slots = index.subarray(at + ROW.RELATION, at + ROW.RELATION + 1);
      if (kind === KIND.TRUNCATE) slots = truncatedSlots(index, at);
      for (const slot of slots) {
        const relation = this.relations.get(slot);
        if (relation !== undefined) used.set(slot, relation.description);
      }
    }
    return [...used];
  }
}

/**
 * The array itself when it has its buffer to itself, else a copy: a buffer moves as a whole.
 *
 * @template {Uint8Array | Int32Array} T
 * @param {T} array
 * @returns {T & { buffer: ArrayBuffer }}
 */
function owned(array) {
  if (array.byteLength !== array.buffer.byteLength) return copied(array);
  return /** @type {T & { buffer: ArrayBuffer }} */ (array);
}

/**
 * @template {Uint8Array | Int32Array} T
 * @param {T} array
 * @returns {T & { buffer: ArrayBuffer }}
 */
function copied(array) {
  return /** @type {T & { buffer: ArrayBuffer }} */ (array.slice());
}
