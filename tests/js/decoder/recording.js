// Recordings made by hand: what no server sends, and types of nobody's database. The layouts are
// those of the PostgreSQL manual, "Logical Replication Message Formats".

const utf8 = new TextEncoder();

/** @typedef {Uint8Array | string | null} Sent a value in binary form, in text form, or NULL */

/**
 * @param {(number | string | Uint8Array)[]} parts texts get a zero byte behind them
 * @returns {Uint8Array}
 */
export function joined(...parts) {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [part];
      return typeof part === 'string' ? [...utf8.encode(part), 0] : [...part];
    }),
  );
}

/**
 * @param {number} value
 * @returns {Uint8Array} four bytes
 */
export function int4(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

/** @param {number} value */
const int2 = (value) => int4(value).subarray(2);
/** @param {number} value */
const int8 = (value) => joined(int4(0), int4(value));
/** @param {string} letter */
const letter = (letter) => letter.charCodeAt(0);

/**
 * A value with its length before it, as values lie in others.
 *
 * @param {Uint8Array | null} value
 */
export function sized(value) {
  return value === null ? int4(-1) : joined(int4(value.length), value);
}

/** @param {string} text */
export function bytesOf(text) {
  return utf8.encode(text);
}

/**
 * The binary form of an array of one dimension.
 *
 * @param {number} element
 * @param {(Uint8Array | null)[]} values
 */
export function arrayOf(element, values) {
  const hasNull = values.includes(null) ? 1 : 0;
  const head = [1, hasNull, element, values.length, 1].map(int4);
  return joined(...head, ...values.map(sized));
}

/**
 * A capture of one transaction: a table of one column for each type, and its rows.
 *
 * @param {number[]} types
 * @param {Sent[][]} rows
 * @returns {Uint8Array}
 */
export function recordingOf(types, rows) {
  const columns = types.flatMap((type, index) => [0, `c${index}`, int4(type), int4(-1)]);
  const messages = [
    joined(letter('B'), int8(256), int8(0), int4(742)),
    joined(letter('R'), int4(1), 'public', 't', letter('d'), int2(types.length), ...columns),
    ...rows.map((row) =>
      joined(letter('I'), int4(1), letter('N'), int2(row.length), ...tuple(row)),
    ),
    joined(letter('C'), 0, int8(256), int8(300), int8(0)),
  ];
  return joined(...messages.map(framed));
}

/** @param {Sent[]} row */
function tuple(row) {
  return row.map((value) => {
    if (value === null) return joined(letter('n'));
    if (typeof value === 'string') return joined(letter('t'), sized(utf8.encode(value)));
    return joined(letter('b'), sized(value));
  });
}

/**
 * @param {Uint8Array} message
 * @returns {Uint8Array} in XLogData in CopyData
 */
function framed(message) {
  const payload = joined(letter('w'), int8(200), int8(200), int8(0), message);
  return joined(letter('d'), int4(payload.length + 4), payload);
}
