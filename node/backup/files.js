/** The files in an archive, one after the other. */

import { concurrentNext } from '../decoding/errors.js';
import { Content } from './content.js';
import { incomplete } from './feed.js';

/**
 * @typedef {import('./feed.js').BackupFeed} BackupFeed
 *
 * @typedef {object} Member what the native part says of a file
 * @property {string} name
 * @property {'file' | 'directory' | 'symlink'} type
 * @property {number} size
 * @property {number} mode
 * @property {number} modified in seconds since 1970
 * @property {string | null} linkTarget
 */

/** A file, directory or symbolic link in an archive. */
export class BackupFile extends Content {
  /**
   * @param {Member} member
   * @param {import('./content.js').Origin} origin
   */
  constructor({ name, type, size, mode, modified, linkTarget }, origin) {
    super(name, origin);
    this.type = type;
    this.size = size;
    this.mode = mode;
    this.modified = new Date(modified * 1000);
    this.linkTarget = linkTarget;
  }
}

/**
 * Iterates over the files. Members of the tar file come many at a time, with the contents of all one
 * behind the other.
 */
export class Files {
  #feed;
  #onEnd;
  #over = false;
  #busy = false;
  /** Of members that come next. @type {Member[]} */
  #members = [];
  /** What has come and was not taken yet. @type {Uint8Array} */
  #contents = new Uint8Array();
  /** The file in hand. @type {BackupFile | null} */
  #current = null;
  /** What of it was not taken yet. */
  #left = 0;
  /** What of it nobody wants, and the native part is to leave out. */
  #leaveOut = 0;

  /**
   * @param {BackupFeed} feed
   * @param {() => void} onEnd the archive is over
   */
  constructor(feed, onEnd) {
    this.#feed = feed;
    this.#onEnd = onEnd;
  }

  /** The name of the file that somebody is in the middle of; null when nobody is. */
  get beingRead() {
    const current = this.#current;
    return current !== null && Content.isBeingRead(current) ? current.name : null;
  }

  /** Nobody wants the rest. */
  async pass() {
    this.#over = true;
    if (this.#current !== null) await Content.pass(this.#current);
  }

  /** @returns {Promise<IteratorResult<BackupFile, undefined>>} */
  async next() {
    if (this.#busy) throw concurrentNext();
    this.#busy = true;
    try {
      await this.#leaveCurrent();
      while (!this.#over && this.#members.length === 0) await this.#more();
      const member = this.#over ? undefined : this.#members.shift();
      if (member === undefined) return { done: true, value: undefined };
      this.#left = member.size;
      const next = () => this.#content();
      this.#current = new BackupFile(member, { next, leave: async () => {} });
      return { done: false, value: this.#current };
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The loop was left: what is left of the archive is passed over.
   *
   * @returns {Promise<IteratorReturnResult<undefined>>}
   */
  async return() {
    await this.pass();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async #leaveCurrent() {
    const open = this.beingRead;
    if (open !== null) {
      await this.#feed.fail(stillRead(open));
      await this.#feed.refuseWhenFailed();
    }
    if (this.#current !== null) await Content.pass(this.#current);
    this.#current = null;
    const here = Math.min(this.#left, this.#contents.length);
    this.#contents = this.#contents.subarray(here);
    this.#leaveOut = this.#left - here;
    this.#left = 0;
  }

  /** More of the file in hand; null: that was all. */
  async #content() {
    if (this.#left === 0) return null;
    while (this.#contents.length === 0 && !this.#over) await this.#more();
    if (this.#over) return null;
    const contents = this.#contents;
    const length = Math.min(this.#left, contents.length);
    this.#left -= length;
    this.#contents = contents.subarray(length);
    // Memory of its own: whoever keeps it keeps no more, and may give it away.
    return length === contents.buffer.byteLength ? contents : contents.slice(0, length);
  }

  async #more() {
    const leaveOut = this.#leaveOut;
    this.#leaveOut = 0;
    const { kind, facts, bytes } = await this.#feed.next('files', leaveOut);
    if (kind === 'end') {
      // The tar file is whole: what is left of a file was lost on the way here.
      if (this.#left > 0) await this.#feed.fail(cutOff(this.#current?.name));
      await this.#feed.refuseWhenFailed();
      this.#over = true;
      this.#onEnd();
    }
    if (kind !== 'members') return;
    this.#members.push(...JSON.parse(/** @type {string} */ (facts)));
    this.#contents = bytes ?? new Uint8Array();
  }
}

/** @param {string | undefined} name */
function cutOff(name) {
  return incomplete(
    `the archive ended in the middle of ${name}`,
    'please report it: this is a defect of walscope',
  );
}

/** @param {string} name */
function stillRead(name) {
  return incomplete(
    `the next file was asked for while ${name} was being read`,
    'wait for the end first: await pipeline(file.toReadable(), …)',
  );
}
