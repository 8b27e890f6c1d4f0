/** What the ways through a stream of the log share: what was given, and what the server is told. */

import { WalscopeError } from '../decoding/errors.js';
import { lsn } from '../decoding/lsn.js';
import { NativeFeed } from '../native-feed.js';

/**
 * @typedef {import('../binding.js').RawPhysical} RawPhysical
 * @typedef {import('./types.js').WalEvent} WalEvent
 * @typedef {import('./types.js').WalChunk} WalChunk
 */

/** @extends {NativeFeed<RawPhysical>} */
export class PhysicalFeed extends NativeFeed {
  #until;
  /** The end of what the consumer, or what reads ahead for it, was given. */
  #given;
  /** What the server was told by itself. */
  #told;
  #reporting = false;
  /** What was taken too early: the end of a timeline. @type {WalEvent | null} */
  #next = null;
  /** Bytes that wait for the consumer with what reads ahead for it. */
  #ahead = () => 0;
  /** Bytes on their way there. */
  #passing = 0;

  /**
   * @param {RawPhysical} raw
   * @param {{ startLsn: string, until: string | undefined, signal: AbortSignal | undefined }} options
   */
  constructor(raw, { startLsn, until, signal }) {
    super(raw, signal);
    this.#given = lsn.parse(startLsn);
    this.#told = this.#given;
    this.#until = until === undefined ? null : lsn.parse(until);
  }

  /** The end of what the consumer was given. */
  get delivered() {
    return this.#given - BigInt(this.#passing + this.#ahead());
  }

  /** Whether all has been given that is wanted. */
  get complete() {
    return this.#until !== null && this.#given >= this.#until;
  }

  /**
   * Somebody reads ahead of the consumer from now on.
   *
   * @param {() => number} ahead how many bytes wait for it
   */
  readAhead(ahead) {
    this.#ahead = ahead;
  }

  /**
   * The consumer asks for more: what it was given it has taken. The server is told of that until the
   * consumer tells it something itself: it waits for that when it is shut down.
   */
  asked() {
    const { delivered } = this;
    if (this.#reporting || !this.open || delivered <= this.#told) return;
    this.#told = delivered;
    this.raw.report(lsn.format(delivered));
  }

  /** @param {{ written?: string, flushed?: string, applied?: string }} positions */
  report({ written, flushed, applied }) {
    const highest = [written, flushed, applied].reduce(
      (most, text) => (text !== undefined && lsn.parse(text) > most ? lsn.parse(text) : most),
      0n,
    );
    const { delivered } = this;
    if (highest > delivered) {
      throw new WalscopeError({
        code: 'WALSCOPE_ACK_AHEAD',
        message: `${lsn.format(highest)} cannot be reported: what was given ends at ${lsn.format(delivered)}`,
        hint: 'report where something ends that this stream has given',
      });
    }
    this.#reporting = true;
    this.raw.report(written, flushed, applied);
  }

  /**
   * What comes next; null at the end.
   *
   * @returns {Promise<WalEvent | null>}
   */
  next() {
    return this.#take(false);
  }

  /**
   * @param {boolean} ahead whether the consumer does not have it yet
   * @returns {Promise<WalEvent | null>}
   */
  async #take(ahead) {
    const event = this.#next;
    this.#next = null;
    if (event !== null && this.open) return event;
    if (this.complete && this.open) return null;
    const given = await this.pull();
    return given === null ? null : this.#eventOf(given, ahead);
  }

  /**
   * The next bytes of the present timeline, for who reads ahead and says by `passed` that it has them;
   * null where the timeline ends, or the stream. The end of a timeline stays what comes next.
   *
   * @param {() => void} onFlushWanted
   * @returns {Promise<WalChunk | null>}
   */
  async nextChunk(onFlushWanted) {
    for (;;) {
      this.asked();
      const event = await this.#take(true);
      if (event === null) return null;
      if (event.kind === 'wal') return event;
      if (event.kind === 'flushWanted') {
        onFlushWanted();
        continue;
      }
      this.#next = event;
      return null;
    }
  }

  /** Who reads ahead has what it was given. */
  passed() {
    this.#passing = 0;
  }

  /** Lets the next bytes be those of the next timeline, if one has ended. */
  skipSwitch() {
    this.#next = null;
  }

  /**
   * @param {import('../binding.js').RawWalEvent} given
   * @param {boolean} ahead
   * @returns {WalEvent}
   */
  #eventOf({ facts, bytes }, ahead) {
    const event = JSON.parse(facts);
    if (event.kind === 'timeline') {
      // What came of the old timeline beyond does not belong to the new one.
      const end = lsn.parse(event.switchLsn);
      if (this.#given > end) this.#given = end;
    }
    if (event.kind !== 'wal') return event;
    const end = lsn.parse(event.endLsn);
    if (this.#given < end) this.#given = end;
    if (ahead) this.#passing = bytes?.length ?? 0;
    return { ...event, bytes };
  }
}
