// What the cases share.

import { sample } from './samples.js';

/** @typedef {import('./index.js').Tools} Tools */
/** @typedef {import('./samples.js').Sample} Sample */

/**
 * @param {Tools} tools
 * @param {string} name
 */
export function load({ load: file }, name) {
  return sample(file, name);
}

/**
 * The segments of a sample, one behind the other.
 *
 * @param {Sample} found
 */
export function wholeLog({ segments }) {
  const size = segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of segments) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

/**
 * The timeline that a sample's files are named by.
 *
 * @param {Sample} found
 */
export function timelineOf({ segments }) {
  return Number.parseInt(segments[0]?.name.slice(0, 8) ?? '', 16);
}

/**
 * Pushes chunks and hands each entry on.
 *
 * @param {any} reader
 * @param {Iterable<Uint8Array>} chunks
 * @param {(entry: any) => void} each
 */
export function readAll(reader, chunks, each) {
  for (const chunk of chunks) {
    for (const entry of reader.push(chunk)) each(entry);
    if (reader.done) return;
  }
  reader.end();
}

/**
 * A log in pieces of a size.
 *
 * @param {Uint8Array} bytes
 * @param {number} size
 */
export function* pieces(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/**
 * What is compared of a record: where it lies, and all of it.
 *
 * @param {any} record
 */
export function key(record) {
  if (record.kind === 'error') return `${record.error.code} ${record.error.message}`;
  const { startLsn, endLsn, xid, recordLength, bytes } = record;
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return [startLsn, endLsn, xid, recordLength, sum].join(' ');
}
