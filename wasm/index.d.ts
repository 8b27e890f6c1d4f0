/** walscope's decoder as WebAssembly: the same objects as in Node, from the bytes of a recording. */

export * from './decoding/types.js';

/** Loads the module. Everything else needs that it has. */
export declare function init(): Promise<void>;

/**
 * Starts the module from what the caller has, for hosts that neither fetch nor read files.
 *
 * @param module its bytes, or compiled already
 */
export declare function initSync(module: BufferSource | WebAssembly.Module): void;
