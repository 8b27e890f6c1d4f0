/** A snapshot of the database at the place in the log where a slot begins. */

/**
 * @typedef {import('./binding.js').RawSnapshot} RawSnapshot
 */

export class Snapshot {
  #raw;

  /** @param {RawSnapshot} raw */
  constructor(raw) {
    this.#raw = raw;
    const { slot, plugin, consistentPoint } = JSON.parse(raw.created);
    this.slot = slot;
    this.plugin = plugin;
    this.consistentPoint = consistentPoint;
    this.name = raw.name;
    this.beginSql = raw.beginSql;
  }

  /** Ends the connection that the snapshot hangs on. */
  release() {
    return this.#raw.release();
  }

  async [Symbol.asyncDispose]() {
    await this.release();
  }
}
