/** A stream of the log itself: one connection, one consumer. */

import { WalscopeError } from '../decoding/errors.js';
import { lsn } from '../decoding/lsn.js';
import { badOption, refuseUnknown } from '../decoding/options.js';
import { Events } from '../events.js';
import { StreamEnd } from '../iteration.js';
import { fromBinding } from '../rejection.js';
import { watchSlot } from '../slot-watch.js';
import { PhysicalFeed } from './feed.js';
import { readableOf, readableStreamOf } from './readable.js';

/**
 * @typedef {import('../binding.js').RawPhysical} RawPhysical
 * @typedef {import('./options.js').PhysicalSettings} PhysicalSettings
 * @typedef {import('./types.js').WalEvent} WalEvent
 */

/** How many of the server's remarks are kept. */
const MAX_NOTICES = 256;
/** Transaction ids with their epoch have 64 bits. */
const LARGEST_XID = 0xffff_ffff_ffff_ffffn;

export class PhysicalStream {
  #feed;
  /** @type {Events | null} */
  #events = null;
  /** @type {string[]} */
  #notices = [];
  /** @type {string | null} */
  #consumer = null;

  /**
   * Made by `client.physical()`.
   *
   * @param {RawPhysical} raw
   * @param {PhysicalSettings} settings
   * @param {(slot: string) => Promise<any>} look what the server knows about a slot
   */
  constructor(raw, settings, look) {
    const { systemId, timeline, startLsn, segmentSize, slotCreated } = JSON.parse(raw.info);
    const { slot, until, signal, onEvent, slotCheckInterval } = settings;
    this.systemId = systemId;
    this.timeline = timeline;
    this.startLsn = startLsn;
    this.segmentSize = segmentSize;
    this.slotCreated = slotCreated;
    const feed = new PhysicalFeed(raw, { startLsn, until, signal });
    this.#feed = feed;
    if (onEvent === undefined) return;
    const events = new Events(slot, onEvent, (error) => feed.fail(error));
    this.#events = events;
    const watched = slot !== null && slotCheckInterval > 0;
    const stop = watched ? watchSlot(() => look(slot), slotCheckInterval, events) : () => {};
    const pumping = events.pump(raw, (text) => this.#keepNotices([text])).finally(stop);
    pumping.catch((error) => feed.fail(error));
  }

  /** The log in chunks, and what happens to it. */
  [Symbol.asyncIterator]() {
    this.#claim('for await');
    return new PhysicalIterator(this.#feed);
  }

  /**
   * The bytes of the present timeline as a stream of Node.
   *
   * @param {{ highWaterMark?: number }} [options]
   */
  toReadable({ highWaterMark } = {}) {
    checkHighWaterMark(highWaterMark);
    this.#claim('toReadable()');
    return readableOf(this.#chunks(), highWaterMark);
  }

  /**
   * The bytes of the present timeline as a stream of the web.
   *
   * @param {{ highWaterMark?: number }} [options]
   */
  toReadableStream({ highWaterMark } = {}) {
    checkHighWaterMark(highWaterMark);
    this.#claim('toReadableStream()');
    return readableStreamOf(this.#chunks(), highWaterMark);
  }

  /**
   * Tells the server how far the consumer is. What is left out stays as it was.
   *
   * @param {{ written?: string, flushed?: string, applied?: string }} positions
   */
  report(positions) {
    refuseUnknown(positions, ['written', 'flushed', 'applied']);
    this.#refuseWhenClosed('reported');
    try {
      this.#feed.report(positions);
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /**
   * Tells the server which rows the queries of a standby still need; null takes back what was said.
   *
   * @param {{ xmin?: bigint, catalogXmin?: bigint } | null} needs
   */
  hotStandbyFeedback(needs) {
    this.#refuseWhenClosed('said of rows');
    if (needs === null) return this.#feed.raw.noHotStandbyFeedback();
    refuseUnknown(needs, ['xmin', 'catalogXmin']);
    const { xmin = 0n, catalogXmin = 0n } = needs;
    for (const xid of [xmin, catalogXmin]) {
      if (typeof xid === 'bigint' && xid >= 0n && xid <= LARGEST_XID) continue;
      throw badOption(
        `the transaction id is ${String(xid)}`,
        'it is a bigint, as BigInt() makes it of what pg_current_xact_id() gives',
      );
    }
    this.#feed.raw.hotStandbyFeedback(String(xmin), String(catalogXmin));
  }

  /** How the stream is: positions, counters, and the server's remarks. */
  status() {
    const { raw, delivered } = this.#feed;
    // With events they come by another way, which must not miss one.
    if (this.#events === null) this.#keepNotices(raw.takeNotices());
    const status = raw.status();
    const { serverEndLsn } = status;
    const end = serverEndLsn === undefined ? 0n : lsn.parse(serverEndLsn);
    return {
      timeline: status.timeline,
      receivedLsn: status.receivedLsn,
      deliveredLsn: lsn.format(delivered),
      writtenLsn: status.writtenLsn ?? null,
      flushedLsn: status.flushedLsn ?? null,
      appliedLsn: status.appliedLsn ?? null,
      serverEndLsn: serverEndLsn ?? null,
      lagBytes: end > delivered ? Number(end - delivered) : 0,
      bytes: status.bytes,
      bufferedBytes: status.bufferedBytes,
      statusUpdates: status.statusUpdates,
      connected: status.connected,
      reconnects: status.reconnects,
      notices: [...this.#notices],
    };
  }

  /** Ends the stream; resolves when the socket is closed. */
  close() {
    return this.#feed.close();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  /** @returns {import('./readable.js').Chunks} */
  #chunks() {
    const feed = this.#feed;
    feed.skipSwitch();
    const onFlushWanted = () => this.#events?.tell({ type: 'flushWanted' });
    return {
      next: async () => {
        const chunk = await feed.exclusive(() => feed.nextChunk(onFlushWanted));
        // The timeline has ended: the next one can be read in any way.
        if (chunk === null) this.#consumer = null;
        return chunk?.bytes ?? null;
      },
      readAhead: (ahead) => feed.readAhead(ahead),
      passed: () => feed.passed(),
      close: () => feed.close(),
    };
  }

  /** @param {string[]} notices */
  #keepNotices(notices) {
    this.#notices = [...this.#notices, ...notices].slice(-MAX_NOTICES);
  }

  /** @param {string} what */
  #refuseWhenClosed(what) {
    if (this.#feed.open) return;
    throw new WalscopeError({
      code: 'WALSCOPE_CLOSED',
      message: `the stream has ended: nothing can be ${what} any more`,
      hint: 'the slot holds back what was not reported as flushed: open another stream',
    });
  }

  /** @param {string} name */
  #claim(name) {
    if (this.#consumer !== null) {
      throw new WalscopeError({
        code: 'WALSCOPE_BUSY',
        message: `${name} on a stream that ${this.#consumer} reads from`,
        hint: 'a stream has one consumer: open another stream, with a slot of its own',
      });
    }
    this.#consumer = name;
  }
}

/** @param {number | undefined} value */
function checkHighWaterMark(value) {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw badOption(`the option highWaterMark is ${String(value)}`, 'it is a number of bytes');
}

/**
 * The events of a stream of the log.
 *
 * @extends {StreamEnd<PhysicalFeed>}
 */
class PhysicalIterator extends StreamEnd {
  /** @returns {Promise<IteratorResult<WalEvent, undefined>>} */
  next() {
    const { feed } = this;
    return feed.exclusive(async () => {
      feed.asked();
      const value = await feed.next();
      return value === null ? { done: true, value: undefined } : { done: false, value };
    });
  }
}
