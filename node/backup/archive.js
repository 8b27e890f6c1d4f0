/** An archive of a backup: a tar file of the data directory or of a tablespace, or the manifest. */

import { WalscopeError } from '../decoding/errors.js';
import { badOption } from '../decoding/options.js';
import { Content } from './content.js';
import { incomplete } from './feed.js';
import { Files } from './files.js';

/**
 * @typedef {import('./feed.js').BackupFeed} BackupFeed
 *
 * @typedef {object} ArchiveFacts
 * @property {'data' | 'tablespace' | 'manifest'} kind
 * @property {string} name
 * @property {import('./feed.js').Tablespace | null} tablespace
 * @property {'gzip' | 'lz4' | 'zstd' | null} compression
 */

export class Archive extends Content {
  #feed;
  #over = false;
  /** @type {Files | null} */
  #files = null;

  /**
   * @param {BackupFeed} feed
   * @param {ArchiveFacts} facts
   */
  constructor(feed, { kind, name, tablespace, compression }) {
    super(name, { next: () => this.#next(), leave: (error) => this.#left(error) });
    this.#feed = feed;
    this.kind = kind;
    this.tablespace = tablespace;
    this.compression = compression;
  }

  /** The files in it. */
  files() {
    if (this.kind === 'manifest') {
      throw badOption(`files() of ${this.name}, which is one file`, 'read its bytes');
    }
    if (this.compression !== null) {
      throw new WalscopeError({
        code: 'WALSCOPE_UNSUPPORTED',
        message: `files() of ${this.name}, which the server has compressed`,
        hint: 'take the backup without the option compression, or decompress the bytes and read the tar file',
      });
    }
    Content.take(this, 'files()');
    this.#files = new Files(this.#feed, () => (this.#over = true));
    return this.#files;
  }

  /** @returns {Promise<Uint8Array | null>} */
  async #next() {
    while (!this.#over) {
      const { kind, bytes } = await this.#feed.next('bytes');
      if (kind === 'end') this.#over = true;
      else if (bytes && bytes.length > 0) return bytes;
    }
    return null;
  }

  /**
   * A copy in the middle of which somebody stopped is no backup.
   *
   * @param {unknown} error
   */
  #left(error) {
    return this.#feed.fail(error ?? leftEarly(this.name));
  }

  /**
   * What follows is asked for: what nobody has touched is passed over.
   *
   * @param {Archive} archive
   */
  static async passOver(archive) {
    const feed = archive.#feed;
    const open = archive.#files?.beingRead ?? (Content.isBeingRead(archive) ? archive.name : null);
    if (open !== null) {
      await feed.fail(stillRead(open));
      await feed.refuseWhenFailed();
    }
    await Content.pass(archive);
    await archive.#files?.pass();
    while (!archive.#over) {
      const { kind } = await feed.next('skip');
      if (kind === 'end') archive.#over = true;
    }
  }
}

/** @param {string} name */
function leftEarly(name) {
  return incomplete(
    `the archive ${name} was left before its end`,
    'a backup needs all of it: read it to its end, do not touch it at all, or take it apart with files()',
  );
}

/** @param {string} name */
function stillRead(name) {
  return incomplete(
    `the next archive was asked for while ${name} was being read`,
    'wait for the end first: await pipeline(archive.toReadable(), …)',
  );
}
