/** Records of segment files, read in slices: memory is that of one slice and its table. */

import { open } from 'node:fs/promises';

import { DecodeError } from './decoding/errors.js';
import { lsn } from './decoding/lsn.js';
import { badOption } from './decoding/options.js';
import { byNumber, historyOf, isDirectory, problem, segmentOf, segmentsIn } from './segments.js';
import { lsnOption, walOptions } from './wal/options.js';
import { WalReaderBase } from './wal/reader.js';
import { Counting, countStream } from './wal/statistics.js';

/**
 * @typedef {import('./segments.js').Segment} Segment
 * @typedef {import('./wal/binding.js').WalBinding} WalBinding
 * @typedef {import('./wal/batch.js').WalBatch} WalBatch
 * @typedef {Omit<import('./wal/options.js').WalOptions, 'input'>} ReadWalOptions
 *
 * @typedef {object} Plan which files are read, from where
 * @property {{ path: string, size: number | null }[]} files what is missing of a size is an error
 * @property {number} offset in the first file
 * @property {import('./wal/options.js').WalOptions} options of the reader
 * @property {Error | null} gap what is missing behind the files
 */

/** What is read at once. */
const SLICE_BYTES = 1 << 20;
const PAGE_BYTES = 8192;
/**
 * Large memory begins 16 bytes behind the beginning of a page, behind the allocator's header. To copy a
 * file's pages to there takes some processors (AMD's Zen 3) three times as long as to anywhere else.
 */
const PAST_HEADER = 48;

/**
 * The batches of segment files.
 *
 * @param {WalBinding} binding
 * @param {string | string[]} path
 * @param {ReadWalOptions} [options]
 * @returns {AsyncGenerator<WalBatch, void, undefined>}
 */
export function readWalWith(binding, path, options = {}) {
  // Now, not when the first batch is asked for.
  walOptions(options);
  return batches(binding, pathsOf(path, options), options);
}

/**
 * @param {string | string[]} path
 * @param {object} options
 */
function pathsOf(path, options) {
  if ('input' in options) {
    throw badOption(
      'there is no option input for files',
      'their first pages say where they belong',
    );
  }
  const paths = Array.isArray(path) ? path : [path];
  if (paths.length > 0 && paths.every((one) => typeof one === 'string')) return paths;
  throw badOption('there is no path', 'give a directory, or the segments in their order');
}

/**
 * Statistics of segment files.
 *
 * @param {WalBinding} binding
 * @param {string | string[]} path
 * @param {import('./wal/statistics.js').WalStatsOptions} [options]
 */
export async function walStatsOfFiles(binding, path, { by, ...options } = {}) {
  const plan = await planFor(binding, pathsOf(path, options), options);
  const counting = new Counting(binding, { ...plan.options, ...(by !== undefined && { by }) });
  return countStream(
    counting,
    slices(plan, () => counting.done),
  );
}

/**
 * @param {WalBinding} binding
 * @param {string[]} paths
 * @param {ReadWalOptions} options
 */
async function planFor(binding, paths, options) {
  const [first = ''] = paths;
  if (paths.length > 1 || !(await isDirectory(first))) return planOfFiles(binding, paths, options);
  return planOfDirectory(binding, first, options);
}

/**
 * @param {WalBinding} binding
 * @param {string[]} paths
 * @param {ReadWalOptions} options
 */
async function* batches(binding, paths, options) {
  const plan = await planFor(binding, paths, options);
  const reader = new WalReaderBase(binding, plan.options);
  try {
    for await (const slice of slices(plan, () => reader.done)) {
      const batch = reader.push(slice);
      yield batch;
      batch.check();
    }
    reader.end();
  } finally {
    reader.free();
  }
}

/**
 * The bytes of the files, in one buffer after the other's use.
 *
 * @param {Plan} plan
 * @param {() => boolean} isDone
 * @returns {AsyncGenerator<Uint8Array, void, undefined>}
 */
async function* slices({ files, offset, gap }, isDone) {
  const buffer = new Uint8Array(PAST_HEADER + SLICE_BYTES).subarray(PAST_HEADER);
  let from = offset;
  for (const { path, size } of files) {
    const file = await open(path);
    try {
      while (!isDone()) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
        if (bytesRead === 0) break;
        from += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
    if (isDone()) return;
    if (size !== null && from < size) throw tooShort(path, from, size);
    from = 0;
  }
  if (gap !== null) throw gap;
}

/**
 * @param {string} path
 * @param {number} found
 * @param {number} size
 */
function tooShort(path, found, size) {
  return new DecodeError({
    code: 'WALSCOPE_DECODE',
    message: `the segment ${path} has ${found} bytes of ${size}`,
    hint: 'copy it again, or give the option end to read only up to there',
    offset: found,
  });
}

/**
 * @param {WalBinding} binding
 * @param {string[]} paths
 * @param {ReadWalOptions} options
 * @returns {Promise<Plan>}
 */
async function planOfFiles(binding, paths, options) {
  const { size } = await firstPage(binding, /** @type {string} */ (paths[0]));
  const named = segmentOf(/** @type {string} */ (paths[paths.length - 1]));
  const files = paths.map((path) => ({ path, size: segmentOf(path) === null ? null : size }));
  const timeline = options.timeline ?? named?.timeline;
  return {
    files,
    offset: 0,
    options: { ...options, ...(timeline !== undefined && { timeline }) },
    gap: null,
  };
}

/**
 * @param {WalBinding} binding
 * @param {string} directory
 * @param {ReadWalOptions} options
 * @returns {Promise<Plan>}
 */
async function planOfDirectory(binding, directory, options) {
  const segments = await segmentsIn(directory);
  const timeline = options.timeline ?? Math.max(...segments.map((one) => one.timeline));
  const history = await historyOf(segments, timeline);
  const ofHistory = segments.find((one) => history.some(({ id }) => id === one.timeline));
  if (ofHistory === undefined) {
    throw problem(
      `there are no segments of timeline ${timeline} in ${directory}`,
      `there are segments of ${[...new Set(segments.map((one) => one.timeline))].join(', ')}`,
    );
  }
  const { size } = await firstPage(binding, ofHistory.path);
  const chosen = byNumber(segments, history, size);
  const numbers = [...chosen.keys()].sort((a, b) => a - b);
  const start = options.start === undefined ? null : lsn.parse(lsnOption(options.start));
  const end = options.end === undefined ? null : lsn.parse(lsnOption(options.end));
  const first = start === null ? (numbers[0] ?? 0) : Number(start / BigInt(size));
  const last =
    end === null || end === 0n ? (numbers.at(-1) ?? 0) : Number((end - 1n) / BigInt(size));
  if (start !== null && !chosen.has(first)) throw missing(directory, start, numbers, size);
  const files = [];
  let number = first;
  for (; number <= last; number += 1) {
    const segment = chosen.get(number);
    if (segment === undefined) break;
    files.push({ path: segment.path, size });
  }
  const offset = start === null ? 0 : Number(start % BigInt(size));
  const input = BigInt(first) * BigInt(size) + BigInt(offset - (offset % PAGE_BYTES));
  const behind = BigInt(number) * BigInt(size);
  return {
    files,
    offset: offset - (offset % PAGE_BYTES),
    options: { ...options, input, segmentSize: size, timeline },
    gap: number <= last ? missing(directory, behind, numbers, size) : null,
  };
}

/**
 * @param {string} directory
 * @param {bigint} position
 * @param {number[]} numbers
 * @param {number} size
 */
function missing(directory, position, numbers, size) {
  const at = (/** @type {number} */ number) => lsn.format(BigInt(number) * BigInt(size));
  return problem(
    `the segment with ${lsn.format(position)} is missing in ${directory}`,
    `the segments there begin at ${numbers.map(at).slice(0, 8).join(', ')}${numbers.length > 8 ? ' …' : ''}`,
  );
}

/**
 * What the first page of a segment says.
 *
 * @param {WalBinding} binding
 * @param {string} path
 */
async function firstPage(binding, path) {
  const file = await open(path);
  const reader = new WalReaderBase(binding);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(PAGE_BYTES), 0, PAGE_BYTES, 0);
    if (bytesRead < PAGE_BYTES) {
      throw problem(`the segment ${path} has ${bytesRead} bytes`, 'a segment has whole pages');
    }
    const { error } = reader.push(buffer);
    const size = reader.segmentSize;
    if (size === null)
      throw error ?? problem(`${path} is no segment`, 'its first page says nothing');
    return { size };
  } finally {
    reader.free();
    await file.close();
  }
}
