/** The log's half of walscope in a browser: no files can be opened. */

import { WalscopeError } from 'walscope-wasm/wal';

export * from 'walscope-wasm/wal';

/** @returns {never} */
export function readWal() {
  throw new WalscopeError({
    code: 'WALSCOPE_UNSUPPORTED',
    message: 'a browser opens no files by their paths',
    hint: "push what a File's stream gives to a WalReader, or give the stream to walStats",
  });
}
