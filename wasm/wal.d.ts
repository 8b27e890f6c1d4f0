/** The reader of the write-ahead log as WebAssembly: the same objects as in Node. */

export * from './wal/types.js';

/** Loads the module. Everything else needs that it has. */
export declare function init(): Promise<void>;

/**
 * Starts the module from what the caller has, for hosts that neither fetch nor read files.
 *
 * @param module the bytes of `walscope-wasm/walscope_wal.wasm`, or compiled already
 */
export declare function initSync(module: BufferSource | WebAssembly.Module): void;
