/** Segment files: which of a directory are to be read, in which order. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { WalscopeError } from './decoding/errors.js';

/** A segment's name: timeline, and the segment's number in two parts. An unfinished one has a suffix. */
const SEGMENT = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/;
const PACKED = /^[0-9A-F]{24}\.(gz|lz4|zst|gz\.partial|lz4\.partial)$/;
const PG_WAL = 'pg_wal';

/**
 * @typedef {object} Segment
 * @property {string} path
 * @property {string} name
 * @property {number} timeline
 * @property {number} high the number's first part: segments of 4 GiB of log
 * @property {number} low the second: the segment within them
 */

/**
 * Where segments lie: the directory itself, or `pg_wal` below a data directory.
 *
 * @param {string} directory
 * @returns {Promise<Segment[]>}
 */
export async function segmentsIn(directory) {
  for (const folder of [directory, join(directory, PG_WAL)]) {
    const names = await namesIn(folder, folder !== directory);
    const segments = names
      .map((name) => segmentOf(join(folder, name)))
      .filter((one) => one !== null);
    if (segments.length > 0) return finished(segments);
    const packed = names.find((name) => PACKED.test(name));
    if (packed !== undefined) {
      throw problem(
        `the segments in ${folder} are compressed: ${packed}`,
        'decompress them first, or push what a decompressor gives to a WalReader',
      );
    }
  }
  throw problem(
    `there are no WAL segments in ${directory}`,
    'give the folder pg_wal, the data directory it is in, or an archive of segments',
  );
}

/**
 * @param {string} folder
 * @param {boolean} optional
 * @returns {Promise<string[]>}
 */
async function namesIn(folder, optional) {
  try {
    return await readdir(folder);
  } catch (error) {
    if (optional) return [];
    throw error;
  }
}

/**
 * A segment by its file's name; null: it is none.
 *
 * @param {string} path
 * @returns {Segment | null}
 */
export function segmentOf(path) {
  const name = basename(path);
  const parts = SEGMENT.exec(name);
  if (parts === null) return null;
  const [timeline = 0, high = 0, low = 0] = parts
    .slice(1, 4)
    .map((part) => Number.parseInt(part, 16));
  return { path, name: name.slice(0, 24), timeline, high, low };
}

/**
 * In their order, and of a segment that is there twice the finished one.
 *
 * @param {Segment[]} segments
 */
function finished(segments) {
  const byName = new Map();
  for (const segment of segments.sort((a, b) => (a.path < b.path ? 1 : -1))) {
    byName.set(segment.name, segment);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A timeline, and where the one after it begins: null for the last. @typedef {{ id: number, until: bigint | null }} Timeline */

/**
 * The timelines that lead to one, the oldest first: as its history file says, which is beside the
 * segments. Without that file it is the only one.
 *
 * @param {Segment[]} segments
 * @param {number} timeline
 * @returns {Promise<Timeline[]>}
 */
export async function historyOf(segments, timeline) {
  const folder = dirname(/** @type {Segment} */ (segments[0]).path);
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  let text = '';
  try {
    text = await readFile(join(folder, name), 'utf8');
  } catch {
    // The first timeline has none.
  }
  const lines = text.matchAll(/^\s*(\d+)\s+([0-9A-Fa-f]+)\/([0-9A-Fa-f]+)/gm);
  const before = Array.from(lines, ([, id = '', high = '', low = '']) => ({
    id: Number(id),
    until: (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`),
  }));
  return [...before, { id: timeline, until: null }];
}

/**
 * The number of a segment of a size.
 *
 * @param {Segment} segment
 * @param {number} size
 */
export function numberOf({ high, low }, size) {
  return high * (2 ** 32 / size) + low;
}

/**
 * The segments of a line of timelines, by their numbers: of one that is there on several timelines the
 * newest, as a server that recovers takes it.
 *
 * @param {Segment[]} segments
 * @param {Timeline[]} history
 * @param {number} size
 * @returns {Map<number, Segment>}
 */
export function byNumber(segments, history, size) {
  /** @type {Map<number, Segment>} */
  const chosen = new Map();
  for (const { id, until } of history) {
    for (const segment of segments) {
      if (segment.timeline !== id) continue;
      const number = numberOf(segment, size);
      // What an old timeline wrote behind the switch is not of this history.
      if (until !== null && BigInt(number) * BigInt(size) >= until) continue;
      chosen.set(number, segment);
    }
  }
  return chosen;
}

/**
 * Whether a path is a directory.
 *
 * @param {string} path
 */
export async function isDirectory(path) {
  return (await stat(path)).isDirectory();
}

/**
 * @param {string} message
 * @param {string} hint
 */
export function problem(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_IO', message, hint });
}
