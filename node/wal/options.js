/** What a reader is told, looked at before core hears it. */

import { lsn } from '../decoding/lsn.js';
import { badOption, choose, refuseUnknown } from '../decoding/options.js';

/**
 * @typedef {object} WalOptions
 * @property {string | bigint} [start]
 * @property {string | bigint} [end]
 * @property {string | bigint} [input]
 * @property {number} [version]
 * @property {number} [segmentSize]
 * @property {number} [timeline]
 * @property {string | bigint} [systemIdentifier]
 * @property {number} [maxBytes]
 * @property {'throw' | 'include'} [errors]
 * @property {'throw' | 'stop'} [endOfLog]
 */

export const VERSIONS = [14, 15, 16, 17, 18];

const CHOICES = { errors: ['throw', 'include'], endOfLog: ['throw', 'stop'] };

/** The options of a reader. */
export const WAL_OPTIONS = [
  'start',
  'end',
  'input',
  'version',
  'segmentSize',
  'timeline',
  'systemIdentifier',
  'maxBytes',
  ...Object.keys(CHOICES),
];

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** `XLogRecordMaxSize` */
const LARGEST_RECORD = 1020 * 1024 * 1024;
const SMALLEST_SEGMENT = 2 ** 20;
const LARGEST_SEGMENT = 2 ** 30;
const SYSTEM = /^[0-9]{1,20}$/;

/**
 * @param {WalOptions} options
 * @param {string[]} [more] names of options that are somebody else's
 */
export function walOptions(options, more = []) {
  refuseUnknown(options, [...WAL_OPTIONS, ...more]);
  const { errors, endOfLog } = choose({ ...options }, CHOICES);
  const { version, segmentSize, timeline, systemIdentifier } = options;
  if (version !== undefined && !VERSIONS.includes(version)) {
    throw badOption(`the option version is ${version}`, `it can be ${VERSIONS.join(', ')}`);
  }
  if (segmentSize !== undefined && !isSegmentSize(segmentSize)) {
    const hint = 'it is a power of two from 1 MiB to 1 GiB, in bytes';
    throw badOption(`the option segmentSize is ${segmentSize}`, hint);
  }
  /** @type {import('./binding.js').RawWalOptions} */
  const raw = {
    maxBytes: numberOption('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, LARGEST_RECORD),
    skip: errors === 'include',
    stopsAtEnd: endOfLog === 'stop',
  };
  for (const name of /** @type {const} */ (['start', 'end', 'input'])) {
    const value = options[name];
    if (value !== undefined) raw[name] = lsnOption(value);
  }
  if (version !== undefined) raw.version = version;
  if (segmentSize !== undefined) raw.segmentSize = segmentSize;
  if (timeline !== undefined) raw.timeline = numberOption('timeline', timeline, 2 ** 32 - 1);
  if (systemIdentifier !== undefined) {
    const text = String(systemIdentifier);
    if (!SYSTEM.test(text)) {
      throw badOption(`the option systemIdentifier is ${text}`, 'it is a number, in digits');
    }
    raw.systemIdentifier = text;
  }
  return {
    raw,
    errors: /** @type {'throw' | 'include'} */ (errors),
    endOfLog: /** @type {'throw' | 'stop'} */ (endOfLog),
  };
}

/** @param {string | bigint} value */
export function lsnOption(value) {
  return lsn.format(typeof value === 'bigint' ? value : lsn.parse(value));
}

/** @param {number} size */
function isSegmentSize(size) {
  const inRange = size >= SMALLEST_SEGMENT && size <= LARGEST_SEGMENT;
  return inRange && Number.isInteger(Math.log2(size));
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} largest
 * @returns {number}
 */
function numberOption(name, value, largest) {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= largest) {
    return value;
  }
  throw badOption(`the option ${name} is ${value}`, `it is a number from 1 to ${largest}`);
}
