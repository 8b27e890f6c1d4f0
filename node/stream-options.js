/** The options of `client.stream()`: what they may be, and which of them the native part is told. */

import { lsn } from './decoding/lsn.js';
import { badOption, refuseUnknown, VALUE_OPTIONS, valueOptions } from './decoding/options.js';

/**
 * @typedef {import('./decoding/values.js').ValueOptions} ValueOptions
 * @typedef {import('./events.js').OnEvent} OnEvent
 *
 * @typedef {object} StreamSettings
 * @property {string} slot
 * @property {ValueOptions} values
 * @property {boolean} automatic whether asking confirms
 * @property {boolean} raw
 * @property {'text' | 'bytes' | null} plugin how messages of another plugin come; null for pgoutput
 * @property {AbortSignal | undefined} signal
 * @property {OnEvent | undefined} onEvent
 * @property {number} slotCheckInterval in seconds
 * @property {object} native what the native part is told
 */

const NATIVE_OPTIONS = [
  'slot',
  'publications',
  'createSlot',
  'temporary',
  'start',
  'protocol',
  'streaming',
  'binary',
  'twoPhase',
  'messages',
  'origin',
  'idleAdvance',
  'raw',
  'memory',
  'spillDirectory',
  'reconnect',
  'stallTimeout',
  'maxMessage',
];
const OWN_OPTIONS = [
  'acknowledge',
  'onEvent',
  'plugin',
  'pluginOptions',
  'pluginOutput',
  'signal',
  'slotCheckInterval',
  ...VALUE_OPTIONS,
];

const SLOT_CHECK_INTERVAL = 60;
const PGOUTPUT = 'pgoutput';

/**
 * @param {Record<string, unknown>} options
 * @param {ValueOptions} values the client's
 * @param {OnEvent | undefined} onEvent the client's
 * @returns {StreamSettings}
 */
export function streamSettings(options, values, onEvent) {
  if (typeof options !== 'object' || options === null) {
    throw badOption('stream was given no options', 'pass at least slot and publications');
  }
  refuseUnknown(options, [...NATIVE_OPTIONS, ...OWN_OPTIONS]);
  const { slot, start, acknowledge = 'auto' } = options;
  if (typeof slot !== 'string' || slot === '') {
    throw badOption('stream was given no slot', 'name the replication slot in the option slot');
  }
  const memory = options['memory'];
  if (memory !== undefined && !(Number.isSafeInteger(memory) && Number(memory) >= 0)) {
    throw badOption(`the option memory is ${memory}`, 'it is a number of bytes');
  }
  if (acknowledge !== 'auto' && acknowledge !== 'manual') {
    throw badOption(`the option acknowledge is ${acknowledge}`, "it can be 'auto', 'manual'");
  }
  if (start !== undefined) lsn.parse(/** @type {string} */ (start));
  const plugin = pluginSettings(options);
  if (plugin === null) checkPublications(options['publications']);
  const native = NATIVE_OPTIONS.map((name) => [name, options[name]]);
  return {
    slot,
    values: valueOptions(options, values),
    automatic: acknowledge === 'auto',
    raw: options['raw'] === true,
    plugin: plugin?.output ?? null,
    signal: signalOf(options),
    onEvent: onEventOf(options) ?? onEvent,
    slotCheckInterval: slotCheckIntervalOf(options),
    native: { ...Object.fromEntries(native), ...plugin?.native },
  };
}

/** @param {unknown} publications */
function checkPublications(publications) {
  const names = Array.isArray(publications) ? publications : [];
  if (names.length > 0 && names.every((name) => typeof name === 'string')) return;
  throw badOption('stream was given no publications', "pass their names: ['app_pub']");
}

/**
 * Of another plugin than pgoutput: how its messages come, and what the native part is told.
 *
 * @param {Record<string, unknown>} options
 * @returns {{ output: 'text' | 'bytes', native: object } | null}
 */
function pluginSettings({ plugin = PGOUTPUT, pluginOptions, pluginOutput }) {
  if (typeof plugin !== 'string') {
    throw badOption(`the option plugin is ${String(plugin)}`, "it is a name: 'test_decoding'");
  }
  if (plugin === PGOUTPUT) {
    if (pluginOptions === undefined && pluginOutput === undefined) return null;
    throw badOption(
      'pluginOptions and pluginOutput are for other plugins than pgoutput',
      "name the slot's plugin in the option plugin",
    );
  }
  if (pluginOutput !== undefined && pluginOutput !== 'text' && pluginOutput !== 'bytes') {
    throw badOption(`the option pluginOutput is ${pluginOutput}`, "it can be 'text', 'bytes'");
  }
  const given = Object.entries(pluginOptions ?? {});
  for (const [name, value] of given) {
    if (['string', 'number', 'boolean'].includes(typeof value)) continue;
    throw badOption(
      `the plugin's option ${name} is ${String(value)}`,
      'options are text, numbers or booleans',
    );
  }
  const pairs = given.map(([name, value]) => [name, String(value)]);
  return { output: pluginOutput ?? 'text', native: { plugin, pluginOptions: pairs } };
}

/**
 * @param {Record<string, unknown>} options
 * @returns {AbortSignal | undefined}
 */
export function signalOf({ signal }) {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw badOption('the option signal is no AbortSignal', 'pass the signal of an AbortController');
}

/**
 * @param {Record<string, unknown>} options
 * @returns {OnEvent | undefined}
 */
export function onEventOf({ onEvent }) {
  if (onEvent === undefined || typeof onEvent === 'function') {
    return /** @type {OnEvent | undefined} */ (onEvent);
  }
  throw badOption('the option onEvent is no function', 'it takes an event');
}

/**
 * @param {Record<string, unknown>} options
 * @returns {number}
 */
export function slotCheckIntervalOf({ slotCheckInterval = SLOT_CHECK_INTERVAL }) {
  if (typeof slotCheckInterval === 'number' && slotCheckInterval >= 0) return slotCheckInterval;
  throw badOption(
    `the option slotCheckInterval is ${String(slotCheckInterval)}`,
    'it is a number of seconds; 0: never',
  );
}
