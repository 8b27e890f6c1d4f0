/**
 * What the ways through a base backup share: pieces on demand, progress, and the ways to end.
 *
 * Nothing is asked of the native part before the consumer wants it, so an idle consumer stops the
 * reading, and with it the server. Whatever ends the backup before its end stays: each later ask
 * rejects with it, so that half a backup is not taken for a whole one.
 */

import { concurrentNext, WalscopeError } from '../decoding/errors.js';
import { fromBinding } from '../rejection.js';

/**
 * @typedef {import('../binding.js').RawBaseBackup} RawBaseBackup
 * @typedef {import('../binding.js').RawPiece} RawPiece
 *
 * @typedef {object} Listeners
 * @property {((progress: Progress) => void) | undefined} onProgress
 * @property {((notice: object) => void) | undefined} onNotice
 *
 * @typedef {object} Tablespace
 * @property {number} oid
 * @property {string} location
 * @property {number | null} size
 *
 * @typedef {object} Progress
 * @property {number} done
 * @property {number | null} total
 * @property {string | null} archive
 * @property {Tablespace | null} tablespace
 *
 * @typedef {object} BackupEnd
 * @property {string} startLsn
 * @property {number} startTimeline
 * @property {string} endLsn
 * @property {number} endTimeline
 */

/** How many of the server's remarks are kept. */
const MAX_NOTICES = 256;

export class BackupFeed {
  #raw;
  #signal;
  #onAbort;
  #listeners;
  #busy = false;
  /** Why there will be no whole backup. @type {{ reason: unknown } | null} */
  #failure = null;
  /** @type {Promise<void> | null} */
  #closing = null;
  /** Set when the backup is whole. @type {BackupEnd | null} */
  end = null;
  /** @type {string[]} */
  notices = [];
  /** @type {Progress} */
  progress;

  /**
   * @param {RawBaseBackup} raw
   * @param {number | null} total by the server's estimate
   * @param {AbortSignal | undefined} signal
   * @param {Listeners} listeners
   */
  constructor(raw, total, signal, listeners) {
    this.#raw = raw;
    this.#signal = signal;
    this.#listeners = listeners;
    this.progress = { done: 0, total, archive: null, tablespace: null };
    this.#onAbort = () => void this.fail(signal?.reason);
    signal?.addEventListener('abort', this.#onAbort);
    // It may have been aborted while the backup was being handed over.
    if (signal?.aborted) this.#onAbort();
  }

  /**
   * The next piece.
   *
   * @param {'bytes' | 'files' | 'skip' | 'unpack'} how what becomes of an archive's bytes
   * @param {number} [leaveOut] of the file in hand so many bytes are not wanted
   * @returns {Promise<RawPiece>}
   */
  next(how, leaveOut = 0) {
    return this.#exclusive(async () => {
      const piece = await this.#raw.next(how, leaveOut);
      await this.refuseWhenFailed();
      if (piece === null) throw closed();
      this.#tell(piece);
      return piece;
    });
  }

  /**
   * Makes the directory that `next('unpack')` unpacks into.
   *
   * @param {object} settings
   */
  unpackInto(settings) {
    return this.#exclusive(() => this.#raw.unpackInto(JSON.stringify(settings)));
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #exclusive(work) {
    if (this.#busy) throw concurrentNext();
    this.#busy = true;
    try {
      await this.refuseWhenFailed();
      return await work();
    } catch (error) {
      await this.fail(fromBinding(error));
      await this.refuseWhenFailed();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Rejects with what has ended the backup before its end, when nothing of it is left. */
  async refuseWhenFailed() {
    if (this.#failure === null) return;
    await this.#closing;
    throw this.#failure.reason;
  }

  /**
   * Ends the backup, unless it is whole: each `next()` from now on rejects with the reason, or with one that
   * was there before.
   *
   * @param {unknown} reason
   * @returns {Promise<void>} when the connection is gone
   */
  fail(reason) {
    if (this.end === null) this.#failure ??= { reason };
    return this.#close();
  }

  close() {
    return this.fail(closed());
  }

  #close() {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#closing ??= this.#raw.close();
    return this.#closing;
  }

  /** @param {RawPiece} piece */
  #tell({ kind, facts, done, notices }) {
    for (const json of notices) {
      const { text, type, ...notice } = JSON.parse(json);
      this.notices = [...this.notices, text].slice(-MAX_NOTICES);
      this.#listeners.onNotice?.(notice);
    }
    this.#tellProgress(kind, facts, done);
    if (kind !== 'finished') return;
    this.end = JSON.parse(/** @type {string} */ (facts));
    void this.#close();
  }

  /**
   * @param {string} kind
   * @param {string | null | undefined} facts
   * @param {number} done
   */
  #tellProgress(kind, facts, done) {
    const before = this.progress;
    const begun = kind === 'archive' ? JSON.parse(/** @type {string} */ (facts)) : null;
    const finished = kind === 'finished';
    if (begun === null && !finished && done === before.done) return;
    const total = before.total === null ? null : finished ? done : Math.max(before.total, done);
    const { archive, tablespace } = before;
    this.progress = {
      done,
      total,
      archive: begun?.name ?? (finished ? null : archive),
      tablespace: begun === null ? (finished ? null : tablespace) : begun.tablespace,
    };
    this.#listeners.onProgress?.(this.progress);
  }
}

/**
 * What was asked for was not read to its end.
 *
 * @param {string} message
 * @param {string} hint
 */
export function incomplete(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_BACKUP_INCOMPLETE', message, hint });
}

function closed() {
  return new WalscopeError({
    code: 'WALSCOPE_CLOSED',
    message: 'the base backup was closed before its end',
    hint: 'what was read of it is no backup: take another',
  });
}
