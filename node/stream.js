/** A stream of changes: one connection, one consumer. */

import { Batch } from './decoding/batch.js';
import { Change } from './decoding/changes.js';
import { badOption } from './decoding/options.js';
import { WalscopeError } from './decoding/errors.js';
import { lsn } from './decoding/lsn.js';
import { Events } from './events.js';
import { Feed } from './feed.js';
import { BatchIterator, StreamIterator } from './iteration.js';
import { PluginBatch, PluginMessage } from './plugin-messages.js';
import { readableOf, readableStreamOf } from './readable.js';
import { fromBinding } from './rejection.js';
import { watchSlot } from './slot-watch.js';
import { Transaction, TransactionIterator } from './transactions.js';

/**
 * @typedef {import('./binding.js').RawStream} RawStream
 * @typedef {import('./stream-options.js').StreamSettings} StreamSettings
 */

/** How many of the server's remarks are kept. */
const MAX_NOTICES = 256;

export class Stream {
  #feed;
  #whole;
  /** @type {Events | null} */
  #events = null;
  /** @type {string[]} */
  #notices = [];
  /** @type {string | null} */
  #consumer = null;

  /**
   * Made by `client.stream()`.
   *
   * @param {RawStream} raw
   * @param {Omit<StreamSettings, 'native'>} settings
   * @param {() => Promise<any>} look what the server knows about the slot
   */
  constructor(raw, settings, look) {
    this.#whole = !settings.raw && settings.plugin === null;
    const feed = new Feed(raw, settings);
    this.#feed = feed;
    const { slot, onEvent, slotCheckInterval } = settings;
    if (onEvent === undefined) return;
    const events = new Events(slot, onEvent, (error) => feed.fail(error));
    this.#events = events;
    const stop = slotCheckInterval > 0 ? watchSlot(look, slotCheckInterval, events) : () => {};
    const pumping = events.pump(raw, (text) => this.#keepNotices([text])).finally(stop);
    pumping.catch((error) => feed.fail(error));
  }

  /** The changes, one after the other. */
  [Symbol.asyncIterator]() {
    this.#claim('for await');
    return new StreamIterator(this.#feed);
  }

  /** The changes as they came, many at a time: the fast road. */
  batches() {
    this.#claim('batches()');
    return new BatchIterator(this.#feed);
  }

  /** Transaction after transaction, each an async iterable of its changes. */
  transactions() {
    if (!this.#whole) {
      throw badOption(
        'transactions() on a stream of single messages: with raw transactions may come in pieces, and of other plugins than pgoutput nothing is known',
        'open the stream without the option raw or plugin',
      );
    }
    this.#claim('transactions()');
    return new TransactionIterator(this.#feed);
  }

  /**
   * The changes as a stream of Node.
   *
   * @param {{ highWaterMark?: number }} [options]
   */
  toReadable({ highWaterMark } = {}) {
    this.#claimToReadAhead('toReadable()');
    return readableOf(new StreamIterator(this.#feed), highWaterMark);
  }

  /**
   * The changes as a stream of the web.
   *
   * @param {{ highWaterMark?: number }} [options]
   */
  toReadableStream({ highWaterMark } = {}) {
    this.#claimToReadAhead('toReadableStream()');
    return readableStreamOf(new StreamIterator(this.#feed), highWaterMark);
  }

  /**
   * Tells the server that everything is done that ended at or before this.
   *
   * @param {Change | Batch | Transaction | PluginMessage | PluginBatch | string} done a string is an LSN
   * @returns {string | null} the LSN that is confirmed now; null when none is yet
   */
  acknowledge(done) {
    const feed = this.#feed;
    if (!feed.open) {
      throw new WalscopeError({
        code: 'WALSCOPE_CLOSED',
        message: 'the stream has ended: nothing can be confirmed any more',
        hint: 'what is not confirmed comes again when the slot is streamed from next',
      });
    }
    try {
      if (typeof done === 'string') {
        lsn.parse(done);
        return feed.raw.acknowledge(done, feed.delivered);
      }
      feed.raw.confirm(this.#itemsOf(done));
      return feed.raw.confirmedLsn();
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /**
   * @param {Change | Batch | Transaction | PluginMessage | PluginBatch} done
   * @returns {number}
   */
  #itemsOf(done) {
    const { owner, items } = deliveryOf(done);
    if (owner !== this.#feed) {
      throw badOption('acknowledge was given what another stream delivered', 'ask that stream');
    }
    // What is no number is not delivered either.
    if (!(items <= this.#feed.delivered)) {
      throw new WalscopeError({
        code: 'WALSCOPE_ACK_AHEAD',
        message: 'acknowledge was given what has not been read to its end',
        hint: 'read the transaction first, or ask for the next one',
      });
    }
    return items;
  }

  /** From where on the stream has every change. */
  get startLsn() {
    return this.#feed.raw.startLsn;
  }

  /** What there is to say about the start, such as that the slot was created. */
  get remarks() {
    return this.#feed.raw.remarks;
  }

  /** How far the stream is: received and confirmed LSNs, counters, and the server's remarks. */
  status() {
    const { raw } = this.#feed;
    // With events they come by another way, which must not miss one.
    if (this.#events === null) this.#keepNotices(raw.takeNotices());
    return { ...raw.status(), notices: [...this.#notices] };
  }

  /** Ends the stream; resolves when the socket is closed. What was not confirmed comes again. */
  close() {
    return this.#feed.close();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  /** @param {string[]} notices */
  #keepNotices(notices) {
    this.#notices = [...this.#notices, ...notices].slice(-MAX_NOTICES);
  }

  /** @param {string} name */
  #claimToReadAhead(name) {
    if (this.#feed.automatic) {
      throw badOption(
        `${name} reads ahead of its consumer, so that asking would confirm what nobody has processed`,
        "open the stream with acknowledge: 'manual', and confirm with stream.acknowledge()",
      );
    }
    this.#claim(name);
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

/**
 * @param {Change | Batch | Transaction | PluginMessage | PluginBatch} done
 * @returns {{ owner: object | null, items: number }}
 */
function deliveryOf(done) {
  if (done instanceof Change) return Change.delivery(done);
  if (done instanceof Transaction) return Transaction.delivery(done);
  if (done instanceof PluginMessage) return PluginMessage.delivery(done);
  if (done instanceof Batch || done instanceof PluginBatch)
    return { owner: done.owner, items: done.items };
  throw badOption(
    'acknowledge was given neither a change, a batch, a transaction nor an LSN',
    'pass one that this stream delivered',
  );
}
