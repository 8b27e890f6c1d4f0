// Reads a log from segment files: into the list, record by record, and into statistics.

import { init } from '../wal.js';
import { DecodeError, WalReader } from '../wal-names.js';
import { Names } from '../wal/names.js';
import { binding } from '../wal-start.js';
import { slices } from './source.js';
import { WalCounts } from './wal-counts.js';
import { lsnNumber, lsnOf, segmentsOf, startOf } from './wal-files.js';
import { parseFilter } from './wal-filter.js';
import { WalStore } from './wal-store.js';

/** Columns of the chart along the log. */
const STRETCHES = 96;

/**
 * @typedef {import('./recording.js').Reading} Reading
 *
 * @typedef {object} WalFacts what the page shows as statistics
 * @property {number} version
 * @property {string} start
 * @property {string} end
 * @property {import('./wal-counts.js').KindCount[]} kinds
 * @property {import('./wal-counts.js').Stretch[]} stretches
 *
 * @typedef {object} Detail a record, taken apart
 * @property {number} number
 * @property {string} title
 * @property {string} line
 * @property {import('../wal/record.js').FieldNode} tree
 * @property {Uint8Array} bytes
 */

export class WalRecording {
  #files;
  #counts = new WalCounts();
  #version = 0;
  #first = 0;
  #last = 0;

  store = new WalStore();

  /** @param {File[]} files */
  constructor(files) {
    this.#files = segmentsOf(files);
  }

  /** What was found. */
  get format() {
    return this.#version === 0 ? null : `log of PostgreSQL ${this.#version}`;
  }

  get size() {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Lists all records. What is wrong becomes an entry too, and reading goes on behind it.
   * @param {Reading} reading
   * @param {() => void} onProgress called after every slice
   */
  async read(reading, onProgress) {
    await init();
    /** @type {WalReader | null} */
    let reader = null;
    try {
      for (const file of this.#files) {
        const start = await startOf(file);
        const position = reader === null ? 0 : lsnNumber(reader.position);
        if (reader === null || (start !== null && start > position)) {
          if (reader !== null) this.store.addError(gap(position, start ?? 0));
          reader?.free();
          reader = new WalReader({ errors: 'include' });
        }
        if (start !== null && (start >= position || this.#first === 0)) {
          this.store.bytes.place(file, start);
        }
        if (!(await this.#readFile(file, reader, reading, onProgress))) return;
      }
      if (reader !== null) this.#end(reader);
    } finally {
      reader?.free();
    }
  }

  /**
   * @param {File} file
   * @param {WalReader} reader
   * @param {Reading} reading
   * @param {() => void} onProgress
   * @returns {Promise<boolean>} whether reading goes on
   */
  async #readFile(file, reader, reading, onProgress) {
    for await (const slice of slices(file)) {
      if (reading.cancelled) return false;
      const batch = reader.push(slice);
      this.store.add(batch);
      const [start, end] = [lsnNumber(batch.startLsn), lsnNumber(batch.endLsn)];
      this.#counts.add(batch.index, start, end);
      this.#version ||= reader.version ?? 0;
      this.#first ||= start;
      this.#last = end;
      reading.read += slice.length;
      onProgress();
    }
    return true;
  }

  /** @param {WalReader} reader */
  #end(reader) {
    try {
      reader.end();
    } catch (error) {
      if (error instanceof DecodeError) this.store.addError(error);
      else throw error;
    }
  }

  /** @returns {WalFacts} */
  statistics() {
    return {
      version: this.#version,
      start: lsnOf(this.#first),
      end: lsnOf(this.#last),
      kinds: this.#counts.kinds(new Names(binding()), this.#version),
      stretches: this.#counts.stretches(STRETCHES, lsnOf),
    };
  }

  /**
   * Lists only what a filter finds. Throws what is wrong with it as a sentence.
   * @param {string} text
   * @param {Reading} reading
   * @param {() => void} onProgress
   */
  async filter(text, reading, onProgress) {
    const { store } = this;
    const test = parseFilter(text);
    if (test === null) return store.folds.clear();
    store.folds.begin();
    await store.scan(
      (record, number) => {
        if (test(record)) store.folds.add(number);
      },
      (end) => {
        reading.read = end - this.#first;
        onProgress();
        return !reading.cancelled;
      },
    );
  }

  /**
   * A record taken apart; null: it is an error.
   * @param {number} number
   * @returns {Promise<Detail | null>}
   */
  async detail(number) {
    if (number >= this.store.length || this.store.isError(number)) return null;
    const record = await this.store.record(number);
    return {
      number,
      title: `${record.resourceManager}/${record.recordType}`,
      line: record.toString(),
      tree: record.tree(),
      bytes: record.bytes.slice(),
    };
  }
}

/**
 * @param {number} from
 * @param {number} to
 */
function gap(from, to) {
  return new DecodeError({
    code: 'WALSCOPE_DECODE',
    message: `the log from ${lsnOf(from)} to ${lsnOf(to)} is in none of the files`,
    lsn: lsnOf(from),
  });
}
