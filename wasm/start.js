// The module's one instance, whichever entry started it.

import initialize, { initSync as initializeSync, RawDecoder } from './pkg/walscope.js';
import { WalscopeError } from './decoding/errors.js';

let ready = false;
/** @type {Promise<void> | null} */
let starting = null;

/**
 * Starts the module once; a failed start can be tried again.
 * @param {() => URL | Promise<BufferSource> | BufferSource} source
 * @returns {Promise<void>}
 */
export function start(source) {
  starting ??= load(source).catch((error) => {
    starting = null;
    throw error;
  });
  return starting;
}

/** @param {() => URL | Promise<BufferSource> | BufferSource} source */
async function load(source) {
  if (ready) return;
  await initialize({ module_or_path: source() });
  ready = true;
}

/**
 * Starts the module from what the caller has: for hosts that neither fetch nor read files.
 * @param {BufferSource | WebAssembly.Module} module
 */
export function initSync(module) {
  if (ready) return;
  initializeSync({ module });
  ready = true;
}

/**
 * Makes core's decoder.
 * @param {import('./decoding/decoder.js').RawOptions} options
 * @returns {import('./decoding/decoder.js').RawDecoder}
 */
export function open(options) {
  if (!ready) {
    throw new WalscopeError({
      code: 'WALSCOPE_NOT_READY',
      message: 'the WebAssembly module of walscope is not loaded',
      hint: 'await init() first, or call initSync(module)',
    });
  }
  return new RawDecoder({ ...options, types: options.typeTable?.types ?? [] });
}
