/** One run of `subscribe()`: a stream, and the handlers of what it brings. */

import { connect } from '../client.js';
import { WalscopeError } from '../decoding/errors.js';
import { lsn as lsns } from '../decoding/lsn.js';

/**
 * @typedef {import('../stream.js').Stream} Stream
 * @typedef {import('./plugin.js').Plugin} Plugin
 *
 * @typedef {object} Hooks
 * @property {import('./config.js').ServiceConfig} config
 * @property {() => void} onStart
 * @property {(lsn: string, log: unknown) => unknown[]} onData gives what the handlers returned
 * @property {(lsn: string, time: number, shouldRespond: boolean) => void} onHeartbeat
 * @property {(lsn: string) => void} onAcknowledge
 */

/** The LSN that the server gives messages without one. */
const NO_LSN = '0/0';

export class Subscription {
  #hooks;
  #controller = new AbortController();
  /** @type {Stream | null} */
  #stream = null;
  /** What was handed to the handlers last. @type {any} */
  #last = null;
  #handlers = new Handlers((error) => this.#fail(error));
  /** What a handler failed with. @type {{ error: unknown } | null} */
  #failure = null;

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** Whether the server streams. */
  get started() {
    return this.#stream !== null && !this.stopped;
  }

  get stopped() {
    return this.#controller.signal.aborted;
  }

  /**
   * @param {import('./config.js').Target} target
   * @param {Plugin} plugin
   * @param {{ slot: string, start: string | undefined }} place
   */
  async run(target, plugin, place) {
    const stream = await this.#open(target, plugin, place);
    this.#stream = stream;
    try {
      this.#hooks.onStart();
      const translate = plugin.translator(this.#hooks.config.types);
      for await (const message of /** @type {AsyncIterable<any>} */ (/** @type {any} */ (stream))) {
        if (this.stopped) return;
        await this.#deliver(message, translate(message));
      }
      this.#throwFailure();
    } finally {
      await stream.close();
    }
  }

  /**
   * @param {import('./config.js').Target} target
   * @param {Plugin} plugin
   * @param {{ slot: string, start: string | undefined }} place
   */
  async #open(target, plugin, place) {
    const { signal } = this.#controller;
    const { types } = this.#hooks.config;
    const values = types === undefined ? {} : { types };
    const client = await connect(target, { preset: 'node-postgres', ...values, signal });
    try {
      return await client.stream({
        ...place,
        ...plugin.streamOptions(),
        acknowledge: 'manual',
        // A lost connection ends `subscribe()`: programs have a loop around it.
        reconnect: false,
        signal,
      });
    } finally {
      await client.close();
    }
  }

  /**
   * @param {any} message of the stream
   * @param {import('./plugin.js').Event} event
   */
  async #deliver(message, event) {
    const { config, onData, onHeartbeat } = this.#hooks;
    const at = event.lsn ?? NO_LSN;
    if (event.heartbeat !== undefined) {
      onHeartbeat(at, event.heartbeat.time, event.heartbeat.shouldRespond);
      return;
    }
    this.#last = message;
    this.#handlers.add(onData(at, event.log));
    const { auto } = config.acknowledge;
    if (config.flowControl.enabled || (auto && event.ends)) await this.#handlers.settled();
    this.#throwFailure();
    if (auto && event.ends) this.#confirm(message);
  }

  /**
   * All handlers of the transaction, and of those before it, are done.
   *
   * @param {any} message its end
   */
  #confirm(message) {
    if (this.stopped || this.#stream === null) return;
    const confirmed = this.#stream.acknowledge(message);
    if (confirmed !== null) this.#hooks.onAcknowledge(confirmed);
  }

  /**
   * Confirms what the program says it is done with.
   *
   * @param {string} lsn
   * @returns {boolean}
   */
  acknowledge(lsn) {
    lsns.parse(lsn);
    if (this.#stream === null || this.stopped) return false;
    try {
      this.#stream.acknowledge(lsn);
    } catch (error) {
      // The LSN of a heartbeat lies ahead of what was received. It stands for all of that.
      if (!(error instanceof WalscopeError) || error.code !== 'WALSCOPE_ACK_AHEAD') throw error;
      if (this.#last !== null) this.#stream.acknowledge(this.#last);
    }
    return true;
  }

  async stop() {
    this.#controller.abort();
    this.#handlers.release();
    await this.#stream?.close();
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#failure ??= { error };
    this.#handlers.release();
    void this.#stream?.close();
  }

  #throwFailure() {
    if (this.#failure !== null && !this.stopped) throw this.#failure.error;
  }
}

/** The promises of handlers. They are counted, not kept: there may be many in a transaction. */
class Handlers {
  #open = 0;
  #onError;
  /** @type {(() => void) | null} */
  #wake = null;

  /** @param {(error: unknown) => void} onError */
  constructor(onError) {
    this.#onError = onError;
  }

  /** @param {unknown[]} results of handlers: promises are waited for */
  add(results) {
    for (const result of results) {
      if (typeof (/** @type {any} */ (result)?.then) !== 'function') continue;
      this.#open += 1;
      Promise.resolve(result)
        .catch(this.#onError)
        .finally(() => this.#close());
    }
  }

  #close() {
    this.#open -= 1;
    if (this.#open === 0) this.release();
  }

  /** Nobody has to wait any longer. */
  release() {
    this.#wake?.();
  }

  /**
   * Resolves when all have settled, or `release()` is called.
   *
   * @returns {Promise<void>}
   */
  async settled() {
    if (this.#open === 0) return;
    await new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
    this.#wake = null;
  }
}
