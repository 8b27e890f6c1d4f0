// What the cases share.

/** @typedef {import('./index.js').Tools} Tools */

/**
 * All changes of a capture.
 *
 * @param {Tools} tools
 * @param {string} name
 * @param {object} [options]
 * @returns {Promise<any[]>}
 */
export async function changesOf({ host, load }, name, options) {
  return [.../** @type {Iterable<any>} */ (host.decode(await load(name), options))];
}

/**
 * The changes of one table.
 *
 * @param {Tools} tools
 * @param {string} name
 * @param {string} table
 * @param {object} [options]
 * @returns {Promise<any[]>}
 */
export async function rowsOf(tools, name, table, options) {
  const changes = await changesOf(tools, name, options);
  return changes.filter((change) => change.table === table && change.kind !== 'relation');
}

/**
 * What a function throws.
 *
 * @param {() => unknown} act
 * @returns {any}
 */
export function failure(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/**
 * What a promise rejects with.
 *
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was rejected');
}

/**
 * The batches of bytes that are pushed in pieces of a size.
 *
 * @param {import('../../../node/index.js').Decoder} decoder
 * @param {Uint8Array} bytes
 * @param {number} size
 * @returns {any[]}
 */
export function pushAll(decoder, bytes, size) {
  const batches = [];
  for (let at = 0; at < bytes.length; at += size) {
    batches.push(decoder.push(bytes.subarray(at, at + size)));
  }
  batches.push(decoder.end());
  return batches;
}

/**
 * Where the frames of a capture begin.
 *
 * @param {Uint8Array} bytes
 * @returns {number[]}
 */
export function frameStarts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts = [];
  for (let at = 0; at < bytes.length; at += 1 + view.getUint32(at + 1)) starts.push(at);
  return starts;
}
