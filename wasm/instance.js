// A module's one instance, whichever entry started it.

import { WalscopeError } from './decoding/errors.js';

/**
 * @typedef {() => URL | BufferSource | Promise<WebAssembly.Module>} Source
 *
 * @typedef {object} Glue what wasm-bindgen has made
 * @property {(options: { module_or_path: any }) => Promise<unknown>} initialize
 * @property {(options: { module: any }) => unknown} initializeSync
 */

export class Instance {
  #glue;
  #ready = false;
  /** @type {Promise<void> | null} */
  #starting = null;

  /** @param {Glue} glue */
  constructor(glue) {
    this.#glue = glue;
  }

  /**
   * Starts the module once; a failed start can be tried again.
   * @param {Source} source
   * @returns {Promise<void>}
   */
  start(source) {
    this.#starting ??= this.#load(source).catch((error) => {
      this.#starting = null;
      throw error;
    });
    return this.#starting;
  }

  /** @param {Source} source */
  async #load(source) {
    if (this.#ready) return;
    const from = await source();
    // A module starts without the glue's look for a `Response`, for which Node loads its HTTP client: that
    // is four fifths of a start.
    if (from instanceof WebAssembly.Module) return this.startSync(from);
    await this.#glue.initialize({ module_or_path: from });
    this.#ready = true;
  }

  /**
   * Starts the module from what the caller has: for hosts that neither fetch nor read files.
   * @param {BufferSource | WebAssembly.Module} module
   */
  startSync(module) {
    if (this.#ready) return;
    this.#glue.initializeSync({ module });
    this.#ready = true;
  }

  /** Refuses what needs the module before it was started. */
  check() {
    if (this.#ready) return;
    throw new WalscopeError({
      code: 'WALSCOPE_NOT_READY',
      message: 'the WebAssembly module of walscope is not loaded',
      hint: 'await init() first, or call initSync(module)',
    });
  }
}
