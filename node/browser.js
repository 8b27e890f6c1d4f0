/** walscope in a browser: the decoder, as WebAssembly. There are no sockets to stream from. */

import { WalscopeError } from 'walscope-wasm';

export * from 'walscope-wasm';

/** @returns {Promise<never>} */
export async function connect() {
  throw new WalscopeError({
    code: 'WALSCOPE_NO_SOCKETS',
    message: 'a browser cannot connect to PostgreSQL',
    hint: 'stream in Node, and send changes or batches to the page',
  });
}
