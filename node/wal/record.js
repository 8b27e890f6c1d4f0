/** One record of the log: what the table says at once, and what core is asked for. */

import { DecodeError } from '../decoding/errors.js';
import { lsnText } from '../decoding/lsn.js';
import { wordAt } from '../decoding/words.js';
import { BLOCK, COMPRESSIONS, ENTRY, FLAG_WILL_INIT, FORKS, HEADER } from './layout.js';

/** The bits of a record's info that are its resource manager's own. */
const RMGR_INFO = 0xf0;

/**
 * @typedef {import('./batch.js').WalBatch} WalBatch
 *
 * @typedef {object} BlockReference
 * @property {number} id
 * @property {number} tablespace
 * @property {number} database
 * @property {number} relation
 * @property {string | number} fork
 * @property {number} block
 *
 * @typedef {object} PageImage
 * @property {number} length
 * @property {number} holeOffset
 * @property {number} holeLength
 * @property {string} [compression]
 * @property {boolean} apply
 *
 * @typedef {object} FieldNode
 * @property {string} [name] items of a list have none
 * @property {number} start in the record's bytes
 * @property {number} end
 * @property {unknown} [value]
 * @property {FieldNode[]} [children]
 *
 * @typedef {BlockReference & { willInit: boolean, dataLength: number, image?: PageImage }} Block
 */

/** A record. It keeps the batch that it is from. */
export class WalRecord {
  #batch;
  #at;
  /** @type {Block[] | null} */
  #blocks = null;

  /**
   * Made by batches, not by users.
   *
   * @param {WalBatch} batch
   * @param {number} at
   */
  constructor(batch, at) {
    this.#batch = batch;
    this.#at = at;
  }

  /** @param {number} word */
  #word(word) {
    return wordAt(this.#batch.index, this.#at + word);
  }

  /** @param {number} word */
  #lsn(word) {
    return lsnText(this.#word(word), this.#word(word + 1));
  }

  /** @returns {'record'} */
  get kind() {
    return 'record';
  }

  get startLsn() {
    return this.#lsn(ENTRY.LSN);
  }

  get endLsn() {
    return this.#lsn(ENTRY.END);
  }

  get prevLsn() {
    return this.#lsn(ENTRY.PREV);
  }

  get timeline() {
    return this.#word(ENTRY.TIMELINE) >>> 0;
  }

  get xid() {
    return this.#word(ENTRY.XID) >>> 0;
  }

  get toplevelXid() {
    return this.#word(ENTRY.TOPLEVEL_XID) >>> 0 || null;
  }

  get origin() {
    return this.#word(ENTRY.ORIGIN) || null;
  }

  get rmgrId() {
    return (this.#word(ENTRY.KIND) >>> 8) & 0xff;
  }

  /** All of `xl_info`, with the flags that are not the resource manager's own. */
  get info() {
    return (this.#word(ENTRY.KIND) >>> 16) & 0xff;
  }

  get resourceManager() {
    return this.#batch.names.manager(this.rmgrId);
  }

  get recordType() {
    const { names, index } = this.#batch;
    const { rmgrId, info } = this;
    const type = names.type(rmgrId, info, wordAt(index, HEADER.VERSION));
    return type ?? `UNKNOWN (${(info & RMGR_INFO).toString(16)})`;
  }

  get recordLength() {
    return this.#word(ENTRY.SIZE) >>> 0;
  }

  get mainDataLength() {
    return this.#word(ENTRY.MAIN_DATA);
  }

  get fpiLength() {
    return this.#word(ENTRY.IMAGES);
  }

  /** How many blocks it is about. */
  get blockCount() {
    return this.#word(ENTRY.KIND) >>> 24;
  }

  /**
   * The first block that it is about; null without one. Core need not be asked for it.
   *
   * @returns {Omit<BlockReference, 'id'> | null}
   */
  get firstBlock() {
    if (this.blockCount === 0) return null;
    const fork = this.#word(ENTRY.FORK) & 0xff;
    return {
      tablespace: this.#word(ENTRY.TABLESPACE) >>> 0,
      database: this.#word(ENTRY.DATABASE) >>> 0,
      relation: this.#word(ENTRY.RELATION) >>> 0,
      fork: FORKS[fork] ?? fork,
      block: this.#word(ENTRY.BLOCK) >>> 0,
    };
  }

  /** Its bytes without the headers of the pages that it lies on: a view of the batch's. */
  get bytes() {
    const from = this.#word(ENTRY.OFFSET);
    return this.#batch.bytes.subarray(from, from + this.recordLength);
  }

  /**
   * Where its bytes begin in the chunk that was pushed; null where they do not lie there in one piece.
   */
  get chunkOffset() {
    const from = this.#word(ENTRY.OFFSET);
    return from < wordAt(this.#batch.index, HEADER.RECEIVED) ? from : null;
  }

  /** What it says, as `pg_waldump` of its version prints it; times are UTC. */
  get description() {
    return this.#batch.binding.describe(this.bytes, this.#place());
  }

  /**
   * The blocks that it is about.
   *
   * @returns {Block[]}
   */
  get blocks() {
    this.#blocks ??= readBlocks(this.#references());
    return this.#blocks;
  }

  #references() {
    if (this.blockCount === 0) return new Int32Array(0);
    return this.#batch.binding.blockReferences(this.bytes, this.#place());
  }

  /** What the resource manager has written for the whole record: a view of the batch's bytes. */
  get mainData() {
    const { bytes } = this;
    return bytes.subarray(bytes.length - this.mainDataLength);
  }

  /**
   * What the resource manager has written for a block: a view of the batch's bytes; null without any.
   *
   * @param {number} id
   * @returns {Uint8Array | null}
   */
  blockData(id) {
    const words = this.#references();
    for (let at = 0; at < words.length; at += BLOCK.LENGTH) {
      if (wordAt(words, at + BLOCK.ID) !== id) continue;
      const from = wordAt(words, at + BLOCK.DATA_OFFSET);
      if (from < 0) return null;
      return this.bytes.subarray(from, from + wordAt(words, at + BLOCK.DATA_LENGTH));
    }
    return null;
  }

  /**
   * The page whose image a block reference has: 8192 bytes, whatever was left out or compressed.
   *
   * @param {number} id of the block reference
   * @returns {Uint8Array}
   */
  page(id) {
    try {
      return this.#batch.binding.image(this.bytes, this.#place(), id);
    } catch (error) {
      throw new DecodeError({
        code: 'WALSCOPE_DECODE',
        message: error instanceof Error ? error.message : String(error),
        hint: 'a block has a page image where `blocks` says so',
        lsn: this.startLsn,
      });
    }
  }

  /**
   * All of its fields, with the bytes that each is made of.
   *
   * @returns {FieldNode}
   */
  tree() {
    return JSON.parse(this.#batch.binding.tree(this.bytes, this.#place()));
  }

  /** The line that `pg_waldump` prints of it. */
  toString() {
    return this.#batch.binding.line(this.bytes, this.#place());
  }

  /** The line of `walscope waldump --format json`. */
  toJSON() {
    const { toplevelXid, origin } = this;
    const facts = JSON.parse(this.#batch.binding.facts(this.bytes, this.#place()));
    return {
      startLsn: this.startLsn,
      endLsn: this.endLsn,
      prevLsn: this.prevLsn,
      timeline: this.timeline,
      xid: this.xid,
      ...(toplevelXid !== null && { toplevelXid }),
      ...(origin !== null && { origin }),
      resourceManager: this.resourceManager,
      recordType: this.recordType,
      recordLength: this.recordLength,
      mainDataLength: this.mainDataLength,
      fpiLength: this.fpiLength,
      description: this.description,
      data: facts.data,
      blocks: this.blocks.map((block, number) => withData(block, facts.blocks[number])),
    };
  }

  /** Where it lies, as core wants to hear it. */
  #place() {
    const { index } = this.#batch;
    const place = new Int32Array(7);
    place.set(index.subarray(this.#at + ENTRY.LSN, this.#at + ENTRY.LSN + 4));
    place[4] = this.#word(ENTRY.TIMELINE);
    place[5] = wordAt(index, HEADER.VERSION);
    place[6] = wordAt(index, HEADER.SEGMENT_SIZE);
    return place;
  }
}

/**
 * @param {Block} block
 * @param {unknown} data null without any
 */
function withData({ image, ...block }, data) {
  return { ...block, ...(data !== null && { data }), ...(image !== undefined && { image }) };
}

/**
 * @param {Int32Array} words
 * @returns {Block[]}
 */
function readBlocks(words) {
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < words.length; at += BLOCK.LENGTH) {
    const fork = wordAt(words, at + BLOCK.FORK);
    /** @type {Block} */
    const block = {
      id: wordAt(words, at + BLOCK.ID),
      tablespace: wordAt(words, at + BLOCK.TABLESPACE) >>> 0,
      database: wordAt(words, at + BLOCK.DATABASE) >>> 0,
      relation: wordAt(words, at + BLOCK.RELATION) >>> 0,
      fork: FORKS[fork] ?? fork,
      block: wordAt(words, at + BLOCK.NUMBER) >>> 0,
      willInit: (wordAt(words, at + BLOCK.FLAGS) & FLAG_WILL_INIT) !== 0,
      dataLength: wordAt(words, at + BLOCK.DATA_LENGTH),
    };
    if (wordAt(words, at + BLOCK.IMAGE_OFFSET) >= 0) block.image = readImage(words, at);
    blocks.push(block);
  }
  return blocks;
}

/**
 * @param {Int32Array} words
 * @param {number} at
 * @returns {PageImage}
 */
function readImage(words, at) {
  const compression = COMPRESSIONS[wordAt(words, at + BLOCK.COMPRESSION)] ?? null;
  return {
    length: wordAt(words, at + BLOCK.IMAGE_LENGTH),
    holeOffset: wordAt(words, at + BLOCK.HOLE_OFFSET),
    holeLength: wordAt(words, at + BLOCK.HOLE_LENGTH),
    ...(compression !== null && { compression }),
    apply: wordAt(words, at + BLOCK.APPLY) !== 0,
  };
}
