/**
 * The preset `node-postgres`: the values that the npm package `pg` (pg-types 2.2) makes of PostgreSQL's
 * text, with what they lose. A test compares both, value by value.
 */

import { parseArray } from './arrays.js';
import { PostgresInterval } from './postgres-interval.js';

/**
 * @typedef {(text: string) => unknown} Convert
 */

const DATE_TIME =
  /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(\.\d+)?)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

/**
 * A moment to the millisecond. Where the text has no time zone, it is one of the process's own.
 *
 * @param {string} text
 * @returns {Date | number | null}
 */
function date(text) {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  const parts = DATE_TIME.exec(text);
  if (parts === null) return null;
  const [, years, months, days, hours, minutes, seconds, fraction, sign] = parts;
  // The year before 1 is 0.
  const year = parts[12] === undefined ? Number(years) : 1 - Number(years);
  const [month, day] = [Number(months) - 1, Number(days)];
  const time = /** @type {const} */ ([Number(hours), Number(minutes), Number(seconds)]);
  const milliseconds = fraction === undefined ? 0 : 1000 * Number(fraction);
  // Both take the years 0 to 99 for those of the twentieth century.
  const early = year >= 0 && year < 100;
  if (sign !== undefined) {
    const utc = new Date(Date.UTC(year, month, day, ...time, milliseconds));
    if (early) utc.setUTCFullYear(year);
    const offset = zoneMilliseconds(sign, parts[9], parts[10], parts[11]);
    // Setting the time of an invalid date to NaN changes nothing.
    utc.setTime(utc.getTime() - offset);
    return utc;
  }
  const local =
    hours === undefined
      ? new Date(year, month, day)
      : new Date(year, month, day, ...time, milliseconds);
  if (early) local.setFullYear(year);
  return local;
}

/**
 * @param {string} sign
 * @param {...(string | undefined)} parts hours, minutes, seconds
 * @returns {number}
 */
function zoneMilliseconds(sign, ...parts) {
  const [hours, minutes, seconds] = parts.map((part) => Number(part ?? 0));
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return (sign === '-' ? -total : total) * 1000;
}

/** @type {Convert} */
function point(text) {
  const [x = '', y = ''] = text.slice(1, -1).split(',');
  return { x: parseFloat(x), y: parseFloat(y) };
}

/** @type {Convert} */
function circle(text) {
  // <(x,y),radius>
  const [x = '', y = '', radius = ''] = text.replace(/[<>()]/g, '').split(',');
  return { x: parseFloat(x), y: parseFloat(y), radius: parseFloat(radius) };
}

/** A Buffer; where there is none, bytes. @type {Convert} */
function buffer(text) {
  const { Buffer } = /** @type {{ Buffer?: BufferConstructor }} */ (globalThis);
  const hex = text.slice(2);
  if (Buffer !== undefined) return Buffer.from(hex, 'hex');
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

/** @type {Convert} */
const bool = (text) => text === 't';
/** @type {Convert} */
const integer = (text) => parseInt(text, 10);
/** @type {Convert} */
const float = (text) => parseFloat(text);
/** @type {Convert} */
const interval = (text) => new PostgresInterval(text);
/** @type {Convert} */
const json = (text) => JSON.parse(text);
/** @type {Convert} */
const string = (text) => text;

/** What is not text, by OID. Booleans, small integers and floats are as without the preset. */
const SCALARS = /** @type {[number, Convert][]} */ ([
  [17, buffer], // bytea
  [114, json],
  [600, point],
  [718, circle],
  [1082, date],
  [1114, date], // timestamp
  [1184, date], // timestamptz
  [1186, interval],
  [3802, json], // jsonb
]);

/** The arrays that are taken apart, by OID, and what their elements become. All others stay text. */
const ARRAYS = /** @type {[number, Convert][]} */ ([
  [199, json],
  [651, string], // cidr
  [791, string], // money
  [1000, bool],
  [1001, buffer],
  [1005, integer], // int2
  [1007, integer], // int4
  [1008, string], // regproc
  [1009, string], // text
  [1014, string], // bpchar
  [1015, string], // varchar
  [1016, string], // int8
  [1017, point],
  [1021, float], // float4
  [1022, float], // float8
  [1028, integer], // oid
  [1040, string], // macaddr
  [1041, string], // inet
  [1115, date], // timestamp
  [1182, date],
  [1183, string], // time
  [1185, date], // timestamptz
  [1187, interval],
  [1231, float], // numeric, which is text when it stands alone
  [1270, string], // timetz
  [2951, string], // uuid
  [3807, json], // jsonb
  [3907, string], // numrange
]);

/**
 * What becomes of each type's text. A type that is missing has walscope's own value if that is a
 * boolean or a number, else its text.
 *
 * @type {Map<number, Convert>}
 */
export const NODE_POSTGRES = new Map([
  ...SCALARS,
  ...ARRAYS.map(([array, element]) => {
    const convert = (/** @type {string} */ text) => parseArray(text, element);
    return /** @type {[number, Convert]} */ ([array, convert]);
  }),
]);
