// Captures for the page: those of the fixtures, cut and joined.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CAPTURES = new URL('../js/fixtures/captures/', import.meta.url);
const FIXTURES = new URL('../fixtures/', import.meta.url);

export const SAMPLE = fileURLToPath(
  new URL('../../wasm/inspector/samples/orders.walcap', import.meta.url),
);

/** Bytes of a frame before its payload: 'd' and the length, which counts itself. */
const FRAME_HEADER = 5;

/** @param {string} name */
export function capturePath(name) {
  return fileURLToPath(new URL(`${name}.walcap`, CAPTURES));
}

/** The paths of all captures: the page's sample, the decoder suite's, and those of every major. */
export function capturePaths() {
  return [SAMPLE, ...filesOf(CAPTURES), ...fixturePaths()];
}

/** The paths of what was recorded from servers of every major. */
export function fixturePaths() {
  const majors = readdirSync(FIXTURES).filter((name) => name.startsWith('pg'));
  return majors.flatMap((major) => filesOf(new URL(`${major}/`, FIXTURES)));
}

/** @param {URL} folder */
function filesOf(folder) {
  const names = readdirSync(folder).filter((name) => /\.(walcap|recvlogical)$/.test(name));
  return names.map((name) => fileURLToPath(new URL(name, folder)));
}

/**
 * A capture of at least so many messages: one after the other, as several connections leave them.
 * @param {number} messages
 */
export function longCapture(messages) {
  const one = readFileSync(capturePath('narrow'));
  // The frame at the front is the head.
  const each = frameStarts(one).length - 1;
  const times = Math.ceil(messages / each);
  return { bytes: Buffer.concat(Array(times).fill(one)), messages: times * each };
}

/**
 * Where the frames of a capture begin.
 * @param {Buffer} capture
 */
export function frameStarts(capture) {
  const starts = [];
  for (let at = 0; at + FRAME_HEADER <= capture.length; at += 1 + capture.readInt32BE(at + 1)) {
    starts.push(at);
  }
  return starts;
}
