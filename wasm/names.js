// What every entry exports beside its own `init`.

import { DecoderBase } from './decoding/decoder.js';
import { decodeWith } from './decoding/recording.js';
import { open } from './start.js';

export * from './decoding/public.js';
export { initSync } from './start.js';

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
