/** The options of `client.physical()`: what they may be, and which of them the native part is told. */

import { lsn } from '../decoding/lsn.js';
import { badOption, refuseUnknown } from '../decoding/options.js';
import { onEventOf, signalOf, slotCheckIntervalOf } from '../stream-options.js';

/**
 * @typedef {object} PhysicalSettings
 * @property {string | null} slot
 * @property {string | undefined} until
 * @property {AbortSignal | undefined} signal
 * @property {import('../events.js').OnEvent | undefined} onEvent
 * @property {number} slotCheckInterval in seconds
 * @property {Record<string, unknown>} native what the native part is told
 */

const NATIVE_OPTIONS = [
  'slot',
  'createSlot',
  'start',
  'timeline',
  'until',
  'statusInterval',
  'stallTimeout',
  'buffer',
  'reconnect',
];
const OWN_OPTIONS = ['signal', 'onEvent', 'slotCheckInterval'];

/** The largest timeline. */
const TIMELINES = 2 ** 32 - 1;

/**
 * @param {Record<string, unknown>} options
 * @returns {PhysicalSettings}
 */
export function physicalSettings(options) {
  if (typeof options !== 'object' || options === null) {
    throw badOption('physical was given no options', 'leave them out, or pass an object');
  }
  refuseUnknown(options, [...NATIVE_OPTIONS, ...OWN_OPTIONS]);
  const { slot, createSlot, start, until, timeline, buffer } = options;
  if (slot !== undefined && (typeof slot !== 'string' || slot === '')) {
    throw badOption(`the option slot is ${JSON.stringify(slot)}`, "it is a physical slot's name");
  }
  if (createSlot === true && slot === undefined) {
    throw badOption('createSlot without a slot', 'name the slot in the option slot');
  }
  for (const position of [start, until]) {
    if (position !== undefined) lsn.parse(/** @type {string} */ (position));
  }
  checkInteger('timeline', timeline, TIMELINES, "it is a timeline's number");
  if (timeline !== undefined && start === undefined) {
    throw badOption('a timeline without a position on it', 'give the position as start');
  }
  checkInteger('buffer', buffer, Number.MAX_SAFE_INTEGER, 'it is a number of bytes');
  const native = NATIVE_OPTIONS.map((name) => [name, options[name]]);
  return {
    slot: slot ?? null,
    until: /** @type {string | undefined} */ (until),
    signal: signalOf(options),
    onEvent: onEventOf(options),
    slotCheckInterval: slotCheckIntervalOf(options),
    native: Object.fromEntries(native),
  };
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} most
 * @param {string} hint
 */
function checkInteger(name, value, most, hint) {
  if (value === undefined) return;
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most) return;
  throw badOption(`the option ${name} is ${String(value)}`, hint);
}
