/** Slots of wal2json and test_decoding, whose messages are text. */

import { refuseUnknown } from '../decoding/options.js';
import { Plugin } from './plugin.js';
import { parseTestDecoding } from './test-decoding.js';

/** wal2json's options that are text. All others are switches. */
const WAL2JSON_TEXTS = [
  'filterOrigins',
  'filterTables',
  'addTables',
  'filterMsgPrefixes',
  'addMsgPrefixes',
  'formatVersion',
  'actions',
];

const TEST_DECODING_ALWAYS = ['includeXids', 'includeTimestamp'];
const TEST_DECODING_WHEN_ON = [
  'skipEmptyXacts',
  'includeRewrites',
  'includeSequences',
  'streamChanges',
];

/** A plugin whose messages stand each for itself. */
class TextPlugin extends Plugin {
  /** @param {(text: string) => unknown} parse */
  eachBy(parse) {
    return (/** @type {{ lsn: string | null, data: string }} */ { lsn, data }) => ({
      lsn,
      log: parse(data),
      ends: true,
    });
  }
}

export class Wal2JsonPlugin extends TextPlugin {
  /** @param {Record<string, unknown>} [options] */
  constructor(options = {}) {
    super(options);
  }

  get name() {
    return 'wal2json';
  }

  /** @override */
  streamOptions() {
    const pairs = Object.entries(this.options).map(([name, value]) => {
      const text = WAL2JSON_TEXTS.includes(name) ? String(value) : onOff(value);
      return [dashed(name), text];
    });
    return { plugin: this.name, pluginOptions: Object.fromEntries(pairs) };
  }

  /** @override */
  translator() {
    return this.eachBy(JSON.parse);
  }
}

export class TestDecodingPlugin extends TextPlugin {
  /** @param {Record<string, unknown>} [options] */
  constructor(options = {}) {
    super(options);
    refuseUnknown(options, [...TEST_DECODING_ALWAYS, ...TEST_DECODING_WHEN_ON]);
  }

  get name() {
    return 'test_decoding';
  }

  /** @override */
  streamOptions() {
    const options = /** @type {Record<string, unknown>} */ (this.options);
    const names = TEST_DECODING_WHEN_ON.filter((name) => options[name]);
    const pairs = [...TEST_DECODING_ALWAYS, ...names].map((name) => {
      return [dashed(name), onOff(options[name])];
    });
    return { plugin: this.name, pluginOptions: Object.fromEntries(pairs) };
  }

  /** @override */
  translator() {
    return this.eachBy(parseTestDecoding);
  }
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function onOff(value) {
  return value ? 'on' : 'off';
}

/**
 * `includeXids` as the plugins write it: `include-xids`.
 *
 * @param {string} name
 * @returns {string}
 */
function dashed(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
