// The log in the user's files: which of them are segments, in which order, and their bytes by position.

import { Decoder, DecodeError } from '../names.js';
import { WalReader, lsn } from '../wal-names.js';
import { slices } from './source.js';

const SEGMENT = /^[0-9A-F]{24}/;
/** Bytes of a file that say what it is: a page of the log. */
const FIRST_BYTES = 8192;

/**
 * A segment whose place in the log is known.
 * @typedef {{ file: File, start: number }} Placed
 */

/** @param {string | null} text */
export function lsnNumber(text) {
  return text === null ? 0 : Number(lsn.parse(text));
}

/** @param {number} value */
export function lsnOf(value) {
  return lsn.format(BigInt(value));
}

/**
 * Whether a file is a segment of the log, as the decoder of recordings says it.
 * @param {Blob} file
 */
export async function isLog(file) {
  const decoder = new Decoder();
  try {
    const first = new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer());
    for (const _ of decoder.push(first).changes()) break;
    return false;
  } catch (error) {
    return error instanceof DecodeError && error.code === 'WALSCOPE_UNSUPPORTED';
  } finally {
    decoder.free();
  }
}

/**
 * The segments among files, in their order; all of them if none has a segment's name.
 * @param {File[]} files
 */
export function segmentsOf(files) {
  const named = files.filter(({ name }) => SEGMENT.test(name));
  if (named.length === 0) return files;
  return named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The bytes of the log, from the files that hold them. */
export class LogBytes {
  /** @type {Placed[]} in the order of the log */
  #placed = [];

  /**
   * Says where a file belongs.
   * @param {File} file
   * @param {number} start
   */
  place(file, start) {
    this.#placed.push({ file, start });
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {AsyncGenerator<Uint8Array>}
   */
  async *read(from, to) {
    let at = from;
    for (const { file, start } of this.#placed) {
      if (at >= to) return;
      if (at < start || at >= start + file.size) continue;
      for await (const bytes of slices(file.slice(at - start, Math.min(to - start, file.size)))) {
        at += bytes.length;
        yield bytes;
      }
    }
  }
}

/**
 * Where the first page of a file says that it belongs; null: it is no page.
 * @param {File} file
 */
export async function startOf(file) {
  const reader = new WalReader();
  try {
    const { startLsn } = reader.push(
      new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer()),
    );
    return reader.version === null ? null : lsnNumber(startLsn);
  } finally {
    reader.free();
  }
}
