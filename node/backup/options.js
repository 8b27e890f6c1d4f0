/** The options of `client.baseBackup()` and of `backup.unpack()`: what they may be. */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { badOption, choose, refuseUnknown } from '../decoding/options.js';

/**
 * @typedef {import('./feed.js').Listeners} Listeners
 *
 * @typedef {object} BackupSettings
 * @property {object} native what the native part is told
 * @property {Uint8Array | undefined} manifest what an incremental backup builds on, if it is not in a file
 * @property {boolean} tablespaceMap
 * @property {AbortSignal | undefined} signal
 * @property {Listeners} listeners
 */

const CHOICES = {
  checkpoint: ['spread', 'fast'],
  wal: ['fetch', 'none'],
  manifest: [true, false, 'force-encode'],
};
const CHECKSUMS = ['none', 'crc32c', 'sha224', 'sha256', 'sha384', 'sha512'];
const SWITCHES = ['wait', 'verifyChecksums', 'tablespaceMap', 'estimate'];
const OPTIONS = [
  ...Object.keys(CHOICES),
  ...SWITCHES,
  'label',
  'maxRate',
  'manifestChecksums',
  'compression',
  'incremental',
  'target',
  'signal',
  'onProgress',
  'onNotice',
];
/** What the native part takes for a number. */
const MAX_UINT32 = 2 ** 32 - 1;

/**
 * @param {Record<string, any>} options
 * @returns {BackupSettings}
 */
export function backupSettings(options) {
  if (typeof options !== 'object' || options === null) {
    throw badOption('baseBackup was given no options', 'pass an object, or nothing');
  }
  refuseUnknown(options, OPTIONS);
  const { checkpoint, wal, manifest } = choose(options, CHOICES);
  const switches = switchesOf(options, SWITCHES);
  const { signal, onProgress, onNotice, incremental } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw badOption('the option signal is no AbortSignal', 'pass the signal of an AbortController');
  }
  const bytes = incremental instanceof Uint8Array;
  return {
    native: {
      label: textOf('label', options['label']),
      fast: checkpoint === 'fast',
      wal: wal === 'fetch',
      // A backup with its log needs no archive.
      wait: switches.wait ?? wal === 'none',
      estimate: switches.estimate,
      verifyChecksums: switches.verifyChecksums,
      tablespaceMap: switches.tablespaceMap,
      maxRate: rateOf(options),
      manifest: manifest === 'force-encode' ? 'forceEncode' : manifest ? 'yes' : 'no',
      manifestChecksums: checksumsOf(options),
      compression: compressionOf(options),
      target: targetOf(options),
      incremental: bytes
        ? 'bytes'
        : incremental !== undefined
          ? { file: pathOf('incremental', incremental) }
          : undefined,
    },
    manifest: bytes ? incremental : undefined,
    tablespaceMap: switches.tablespaceMap === true,
    signal,
    listeners: {
      onProgress: functionOf('onProgress', onProgress),
      onNotice: functionOf('onNotice', onNotice),
    },
  };
}

/**
 * What the native part is told of `unpack()`.
 *
 * @param {unknown} directory
 * @param {Record<string, any>} options
 * @param {readonly { location: string }[]} tablespaces that the server has announced
 */
export function unpackSettings(directory, options, tablespaces) {
  refuseUnknown(options, ['tablespaceMapping', 'writeRecoverySettings', 'sync']);
  const { tablespaceMapping = {}, writeRecoverySettings: recovery = false } = options;
  const { sync } = switchesOf(options, ['sync']);
  const known = tablespaces.map(({ location }) => location);
  const pairs = Object.entries(tablespaceMapping).map(([theirs, ours]) => {
    if (!known.includes(theirs)) {
      throw badOption(
        `tablespaceMapping has ${theirs}, where the server has no tablespace`,
        known.length > 0 ? `there are ${known.join(', ')}` : 'it has no tablespaces of its own',
      );
    }
    return [theirs, pathOf('tablespaceMapping', ours)];
  });
  return {
    directory: pathOf('directory', directory),
    tablespaces: pairs,
    ...recoveryOf(recovery),
    sync: sync ?? true,
  };
}

/** @param {unknown} recovery */
function recoveryOf(recovery) {
  if (typeof recovery === 'boolean') return { standby: recovery };
  if (typeof recovery !== 'object' || recovery === null) {
    throw badOption(
      `the option writeRecoverySettings is ${String(recovery)}`,
      "it is true, false, or { slot: 'name' }",
    );
  }
  refuseUnknown(recovery, ['slot']);
  const { slot } = /** @type {Record<string, unknown>} */ (recovery);
  return { standby: true, slot: textOf('slot', slot) };
}

/**
 * @param {Record<string, unknown>} options
 * @param {string[]} names
 * @returns {Record<string, boolean | undefined>}
 */
function switchesOf(options, names) {
  const given = names.map((name) => {
    const value = options[name];
    if (value === undefined || typeof value === 'boolean') return [name, value];
    throw badOption(`the option ${name} is ${String(value)}`, 'it can be true, false');
  });
  return Object.fromEntries(given);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string | undefined}
 */
function textOf(name, value) {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw badOption(`the option ${name} is ${JSON.stringify(value)}`, 'it is text');
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {any}
 */
function functionOf(name, value) {
  if (value === undefined || typeof value === 'function') return value;
  throw badOption(`the option ${name} is no function`, 'pass one, or leave it out');
}

/** @param {Record<string, any>} options */
function rateOf({ maxRate }) {
  if (maxRate === undefined) return undefined;
  if (Number.isInteger(maxRate) && maxRate >= 0 && maxRate <= MAX_UINT32) return maxRate;
  throw badOption(
    `the option maxRate is ${String(maxRate)}`,
    'it is a whole number of kB a second',
  );
}

/** @param {Record<string, any>} options */
function checksumsOf({ manifestChecksums }) {
  if (manifestChecksums === undefined || CHECKSUMS.includes(manifestChecksums)) {
    return manifestChecksums;
  }
  throw badOption(
    `the option manifestChecksums is ${String(manifestChecksums)}`,
    `it can be ${CHECKSUMS.map((name) => `'${name}'`).join(', ')}`,
  );
}

/**
 * As PostgreSQL writes it: `zstd:level=3,workers=2,long`. The native part knows what each method has.
 *
 * @param {Record<string, any>} options
 * @returns {string | undefined}
 */
function compressionOf({ compression }) {
  if (typeof compression !== 'object' || compression === null) {
    return textOf('compression', compression);
  }
  refuseUnknown(compression, ['method', 'level', 'workers', 'long']);
  const { method, level, workers, long } = compression;
  const details = [
    level === undefined ? [] : `level=${level}`,
    workers === undefined ? [] : `workers=${workers}`,
    long === undefined ? [] : `long=${long ? 'on' : 'off'}`,
  ].flat();
  const name = textOf('compression.method', method ?? '');
  return details.length > 0 ? `${name}:${details.join(',')}` : name;
}

/** @param {Record<string, any>} options */
function targetOf({ target = 'client' }) {
  if (target === 'client' || target === 'blackhole') return { name: target };
  if (typeof target === 'object' && target !== null) {
    refuseUnknown(target, ['server', 'name', 'detail']);
    const { server, name, detail } = target;
    if (typeof server === 'string' && name === undefined && detail === undefined) {
      return { name: 'server', detail: server };
    }
    if (typeof name === 'string' && name !== '' && server === undefined) {
      return { name, detail: textOf('target.detail', detail) };
    }
  }
  throw badOption(
    `the option target is ${JSON.stringify(target)}`,
    "it can be 'client', 'blackhole', { server: '/a/new/directory/there' }, { name: 'of an extension', detail: '…' }",
  );
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function pathOf(name, value) {
  if (value instanceof URL) return fileURLToPath(value);
  if (typeof value === 'string' && value !== '') return resolve(value);
  throw badOption(`${name} is ${String(value)}`, 'it is a path');
}
