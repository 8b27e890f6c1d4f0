/** What the plugins have in common: how a slot is streamed, and what becomes of its messages. */

/**
 * What a message of a stream becomes: an event `data`, or an event `heartbeat`.
 *
 * @typedef {object} Event
 * @property {string | null} lsn
 * @property {unknown} [log]
 * @property {boolean} ends whether it ends what can be confirmed
 * @property {{ time: number, shouldRespond: boolean }} [heartbeat]
 */

export class Plugin {
  /** @param {object} options */
  constructor(options) {
    this.options = options;
  }

  /**
   * The options of walscope's stream.
   *
   * @returns {Record<string, unknown>}
   */
  streamOptions() {
    throw new Error('a plugin says how it is streamed');
  }

  /**
   * What makes events of the messages of one connection.
   *
   * @param {Record<string, unknown>} [_types] the program's functions for values
   * @returns {(message: any) => Event}
   */
  translator(_types) {
    throw new Error('a plugin says what its messages mean');
  }
}
