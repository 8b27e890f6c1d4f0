/** A base backup that is under way: one connection, one consumer. */

import { concurrentNext, WalscopeError } from '../decoding/errors.js';
import { badOption } from '../decoding/options.js';
import { Archive } from './archive.js';
import { BackupFeed } from './feed.js';
import { unpackSettings } from './options.js';

/**
 * @typedef {import('../binding.js').RawBaseBackup} RawBaseBackup
 * @typedef {import('./options.js').BackupSettings} BackupSettings
 */

/** As an archive. */
const MANIFEST = /** @type {const} */ ({
  kind: 'manifest',
  name: 'backup_manifest',
  tablespace: null,
  compression: null,
});

export class BaseBackup {
  #feed;
  #tablespaceMap;
  /** @type {string | null} */
  #consumer = null;

  /**
   * Made by `client.baseBackup()`.
   *
   * @param {RawBaseBackup} raw
   * @param {BackupSettings} settings
   */
  constructor(raw, { signal, listeners, tablespaceMap }) {
    const { startLsn, startTimeline, tablespaces, total } = JSON.parse(raw.started);
    this.startLsn = startLsn;
    this.startTimeline = startTimeline;
    this.tablespaces = tablespaces;
    this.#tablespaceMap = tablespaceMap;
    this.#feed = new BackupFeed(raw, total, signal, listeners);
  }

  /** The archives, one after the other. */
  [Symbol.asyncIterator]() {
    this.#claim('for await');
    return new ArchiveIterator(this.#feed);
  }

  /**
   * Unpacks all of it into a directory that a server can be started on.
   *
   * @param {string | URL} directory
   * @param {Record<string, unknown>} [options]
   */
  async unpack(directory, options = {}) {
    const settings = unpackSettings(directory, options, this.tablespaces);
    if (this.#tablespaceMap && this.tablespaces.length > 0) {
      throw badOption(
        'unpack() of a backup whose tablespaces are in a file tablespace_map',
        'take it without the option tablespaceMap, which is for archives that are kept as they are',
      );
    }
    this.#claim('unpack()');
    await this.#feed.unpackInto(settings);
    for (;;) {
      const { kind } = await this.#feed.next('unpack');
      if (kind === 'finished') return /** @type {any} */ (this.end);
    }
  }

  /** How it ended; null before. */
  get end() {
    return this.#feed.end;
  }

  /** How far it is. */
  get progress() {
    return this.#feed.progress;
  }

  /** What the server has remarked, each on one line. */
  get notices() {
    return [...this.#feed.notices];
  }

  /** Ends it; resolves when the connection is gone, and what `unpack()` had made. */
  close() {
    return this.#feed.close();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  /** @param {string} name */
  #claim(name) {
    if (this.#consumer !== null) {
      throw new WalscopeError({
        code: 'WALSCOPE_BUSY',
        message: `${name} on a base backup that ${this.#consumer} reads`,
        hint: 'a backup has one consumer: take another one',
      });
    }
    this.#consumer = name;
  }
}

class ArchiveIterator {
  #feed;
  #busy = false;
  /** @type {Archive | null} */
  #current = null;

  /** @param {BackupFeed} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  /** @returns {Promise<IteratorResult<Archive, undefined>>} */
  async next() {
    if (this.#busy) throw concurrentNext();
    this.#busy = true;
    try {
      if (this.#current !== null) await Archive.passOver(this.#current);
      this.#current = null;
      while (this.#feed.end === null) {
        const { kind, facts } = await this.#feed.next('skip');
        if (kind === 'archive') {
          const { tablespace, ...archive } = JSON.parse(/** @type {string} */ (facts));
          const of = tablespace === null ? 'data' : 'tablespace';
          this.#current = new Archive(this.#feed, { kind: of, tablespace, ...archive });
        } else if (kind === 'manifest') this.#current = new Archive(this.#feed, MANIFEST);
        if (this.#current !== null) return { done: false, value: this.#current };
      }
      return { done: true, value: undefined };
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The loop was left: unless the backup is whole, it is given up.
   *
   * @returns {Promise<IteratorReturnResult<undefined>>}
   */
  async return() {
    await this.#feed.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
