/** `LogicalReplicationService`: what a program of pg-logical-replication talks to. */

import { EventEmitter } from 'node:events';
import { connectTarget, serviceConfig } from './config.js';
import { Plugin } from './plugin.js';
import { Subscription } from './subscription.js';
import { badOption } from '../decoding/options.js';

/** What `lastLsn()` is before anything was received. */
const NOTHING_RECEIVED = '0/00000000';

export class LogicalReplicationService extends EventEmitter {
  #target;
  /** @type {Subscription | null} */
  #subscription = null;
  /** @type {string | null} */
  #lastLsn = null;

  /**
   * @param {Record<string, unknown>} clientConfig
   * @param {Record<string, any>} [config]
   */
  constructor(clientConfig, config = {}) {
    super();
    this.clientConfig = clientConfig;
    this.config = serviceConfig(config);
    // Now, so that what cannot be honoured is said where it is written.
    this.#target = connectTarget(clientConfig);
  }

  /** The LSN of the last message or heartbeat that was received. */
  lastLsn() {
    return this.#lastLsn ?? NOTHING_RECEIVED;
  }

  /** Whether nothing is streamed now. */
  isStop() {
    return !(this.#subscription?.started ?? false);
  }

  /**
   * Streams a slot until `stop()` is called or something fails.
   *
   * @param {Plugin} plugin
   * @param {string} slotName
   * @param {string} [uptoLsn] where to begin; by default where the slot's consumer has confirmed to
   * @returns {Promise<this>}
   */
  async subscribe(plugin, slotName, uptoLsn) {
    if (!(plugin instanceof Plugin)) {
      throw badOption(
        'subscribe was given no plugin of walscope/compat',
        'import PgoutputPlugin, Wal2JsonPlugin or TestDecodingPlugin from walscope/compat',
      );
    }
    const subscription = new Subscription({
      config: this.config,
      onStart: () => this.emit('start'),
      onData: (lsn, log) => {
        this.#lastLsn = lsn;
        return this.rawListeners('data').map((listener) => listener.call(this, lsn, log));
      },
      onHeartbeat: (lsn, time, shouldRespond) => {
        this.#lastLsn = lsn;
        this.emit('heartbeat', lsn, time, shouldRespond);
      },
      onAcknowledge: (lsn) => this.emit('acknowledge', lsn),
    });
    const before = this.#subscription;
    // At once, so that a `stop()` from now on is for this one.
    this.#subscription = subscription;
    try {
      await before?.stop();
      await subscription.run(this.#target, plugin, { slot: slotName, start: uptoLsn });
    } catch (error) {
      if (subscription.stopped) return this;
      this.#forget(subscription);
      // Without a listener Node would throw it from here: it is thrown below all the same.
      if (this.listenerCount('error') > 0) this.emit('error', error);
      throw error;
    } finally {
      this.#forget(subscription);
    }
    return this;
  }

  /**
   * Confirms everything that ended at or before an LSN, but nothing that was not received yet.
   * `ping` has nothing to do: walscope asks a silent server by itself.
   *
   * @param {string} lsn
   * @param {boolean} [_ping]
   * @returns {Promise<boolean>} false when nothing is streamed
   */
  async acknowledge(lsn, _ping) {
    return this.#subscription?.acknowledge(lsn) ?? false;
  }

  /**
   * Ends the stream, whose `subscribe()` then resolves. What is not confirmed comes again.
   *
   * @returns {Promise<this>}
   */
  async stop() {
    const subscription = this.#subscription;
    this.#subscription = null;
    await subscription?.stop();
    return this;
  }

  /**
   * The same, and forgets the listeners.
   *
   * @returns {Promise<this>}
   */
  async destroy() {
    await this.stop();
    this.removeAllListeners();
    return this;
  }

  /** @param {Subscription} subscription */
  #forget(subscription) {
    if (this.#subscription === subscription) this.#subscription = null;
  }
}
