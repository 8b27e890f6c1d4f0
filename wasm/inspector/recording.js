// Reads a recording: into the list, message by message as they came, or as the JSON Lines that
// `walscope decode` writes.

import { Decoder, stringify } from '../names.js';
import { slices } from './source.js';
import { MessageStore } from './store.js';

/** JSON Lines are collected in parts of this many characters, each of them one part of the file. */
const EXPORT_PART = 1 << 20;

/** @typedef {{ read: number, cancelled: boolean }} Reading */

export class Recording {
  /** @type {string | null} */
  format = null;

  /** @param {Blob} file */
  constructor(file) {
    this.file = file;
    this.store = new MessageStore(file);
  }

  /**
   * Lists all messages. What cannot be decoded becomes a message too, and reading goes on where it
   * can.
   * @param {Reading} reading
   * @param {() => void} onProgress called after every slice
   */
  async read(reading, onProgress) {
    const decoder = new Decoder({ raw: true, errors: 'include' });
    try {
      for await (const slice of slices(this.file)) {
        if (reading.cancelled) return;
        const batch = decoder.push(slice);
        this.format = decoder.format;
        if (!this.store.add(batch)) return;
        reading.read += slice.length;
        onProgress();
      }
      this.store.add(decoder.end());
    } finally {
      decoder.free();
    }
  }

  /**
   * All changes as JSON Lines, up to the first that cannot be decoded.
   * @param {Reading} reading
   * @param {() => void} onProgress
   * @returns {Promise<{ lines: Blob, count: number, problem: string | null }>}
   */
  async export(reading, onProgress) {
    const output = new Lines();
    const decoder = new Decoder();
    try {
      for await (const slice of slices(this.file)) {
        if (reading.cancelled) break;
        output.addAll(decoder.push(slice));
        reading.read += slice.length;
        onProgress();
      }
      if (!reading.cancelled) output.addAll(decoder.end());
    } catch (error) {
      output.problem = error instanceof Error ? error.message : String(error);
    } finally {
      decoder.free();
    }
    return output.finish();
  }
}

class Lines {
  /** @type {Blob[]} */
  #parts = [];
  #text = '';
  #count = 0;
  /** @type {string | null} */
  problem = null;

  /** @param {import('../decoding/batch.js').Batch} batch */
  addAll(batch) {
    // Rows, not changes: a line is made from text, so no value needs to be read.
    for (const row of batch) {
      this.#text += `${stringify(row)}\n`;
      this.#count += 1;
      if (this.#text.length > EXPORT_PART) this.#flush();
    }
  }

  #flush() {
    // As a Blob the browser may keep it on disk.
    this.#parts.push(new Blob([this.#text]));
    this.#text = '';
  }

  finish() {
    this.#flush();
    const lines = new Blob(this.#parts, { type: 'application/x-ndjson' });
    return { lines, count: this.#count, problem: this.problem };
  }
}
