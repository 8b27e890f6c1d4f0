// The part of node:assert/strict that the decoder's suite uses, for a browser.
// suite.test.js compares it with the real one.

/**
 * @param {unknown} value
 * @param {string} [message]
 */
export function ok(value, message) {
  if (!value) fail(message ?? `${show(value)} is not true`);
}

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} [message]
 */
export function equal(actual, expected, message) {
  if (!Object.is(actual, expected)) fail(message ?? `${show(actual)} is not ${show(expected)}`);
}

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} [message]
 */
export function deepEqual(actual, expected, message) {
  if (!same(actual, expected)) fail(message ?? `${show(actual)} is not ${show(expected)}`);
}

/**
 * @param {string} actual
 * @param {RegExp} expected
 * @param {string} [message]
 */
export function match(actual, expected, message) {
  if (!expected.test(actual)) fail(message ?? `${show(actual)} does not match ${expected}`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  throw new Error(message);
}

/** @param {unknown} value */
function show(value) {
  const text = JSON.stringify(value, (_, part) =>
    typeof part === 'bigint' ? `${part}n` : typeof part === 'symbol' ? String(part) : part,
  );
  return text ?? String(value);
}

/**
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean}
 */
function same(a, b) {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (ArrayBuffer.isView(a) || a instanceof Set) {
    return sameList([.../** @type {any} */ (a)], [.../** @type {any} */ (b)]);
  }
  if (a instanceof Map) return sameList([...a], [.../** @type {any} */ (b)]);
  if (a instanceof Error && a.message !== /** @type {any} */ (b).message) return false;
  const keys = ownKeys(a);
  return (
    keys.length === ownKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  );
}

/**
 * @param {unknown[]} a
 * @param {unknown[]} b
 */
function sameList(a, b) {
  return a.length === b.length && a.every((value, index) => same(value, b[index]));
}

/**
 * @param {unknown} value
 * @returns {value is Record<PropertyKey, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** @param {object} value */
function ownKeys(value) {
  const enumerable = Object.prototype.propertyIsEnumerable;
  return Reflect.ownKeys(value).filter((key) => enumerable.call(value, key));
}
