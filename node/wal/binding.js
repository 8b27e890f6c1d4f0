/**
 * What the facade drives: the addon, or the module of WebAssembly.
 *
 * @typedef {object} RawWalOptions what is left out is found out
 * @property {string} [start]
 * @property {string} [end]
 * @property {string} [input]
 * @property {number} [version]
 * @property {number} [segmentSize]
 * @property {number} [timeline]
 * @property {string} [systemIdentifier]
 * @property {number} maxBytes
 * @property {boolean} skip
 * @property {boolean} stopsAtEnd
 *
 * @typedef {object} RawWalReader
 * @property {(chunk: Uint8Array) => { side: Uint8Array, index: Int32Array }} push
 * @property {() => void} [free]
 *
 * @typedef {object} RawWalStatistics
 * @property {(chunk: Uint8Array) => boolean} push whether nothing more will be looked at
 * @property {() => string} result JSON
 * @property {() => void} [free]
 *
 * @typedef {object} WalBinding the words after a record's bytes say where it lies
 * @property {new (options: RawWalOptions) => RawWalReader} RawWalReader
 * @property {new (options: RawWalOptions, by: string) => RawWalStatistics} RawWalStatistics
 * @property {(id: number) => string} rmgrName
 * @property {(id: number, info: number, version: number) => string | null | undefined} recordType
 * @property {(bytes: Uint8Array, place: Int32Array) => string} describe
 * @property {(bytes: Uint8Array, place: Int32Array) => string} line
 * @property {(bytes: Uint8Array, place: Int32Array) => string} tree JSON
 * @property {(bytes: Uint8Array, place: Int32Array) => string} facts JSON
 * @property {(bytes: Uint8Array, place: Int32Array) => Int32Array} blockReferences
 * @property {(bytes: Uint8Array, place: Int32Array, block: number) => Uint8Array} image
 */

export {};
