/** walscope for Node: streams of changes from PostgreSQL, and a decoder of recordings. */

import { bindingIfAny } from './binding.js';
import { DecoderBase } from './decoding/decoder.js';
import { decodeWith } from './decoding/recording.js';
import { openWithoutAddon } from './without-addon.js';

export { connect } from './client.js';
export * from './decoding/public.js';

/**
 * Nothing to do here: `walscope-wasm` has to load its module first, and programs for both call this.
 *
 * @returns {Promise<void>}
 */
export async function init() {}

/** Decodes a recording that comes in pieces. */
export class Decoder extends DecoderBase {
  /** @param {import('./decoding/decoder.js').DecoderOptions} [options] */
  constructor(options) {
    super(open, options);
  }
}

/**
 * The changes of a whole recording: iterable for bytes, async iterable for a stream of them.
 *
 * @param {import('./decoding/recording.js').Bytes | import('./decoding/recording.js').ByteStream} input
 * @param {import('./decoding/decoder.js').DecoderOptions} [options]
 */
export function decode(input, options) {
  return decodeWith(open, input, options);
}

/**
 * @param {import('./decoding/decoder.js').RawOptions} options
 * @returns {import('./decoding/decoder.js').RawDecoder}
 */
function open(options) {
  const native = bindingIfAny();
  if (native === null) return openWithoutAddon(options);
  const { typeTable, ...rest } = options;
  const types = typeTable === null ? {} : { typeTable: typeTable.json };
  return new native.RawDecoder({ ...rest, ...types });
}
