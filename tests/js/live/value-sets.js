// The sets of values that the tests of Rust have: `tests/tests/values/sql`, whose form
// `tests/tests/values/sets.rs` describes.

import { readFile } from 'node:fs/promises';

const FOLDER = new URL('../../tests/values/sql/', import.meta.url);
const SCALARS = [
  'characters',
  'date-time',
  'documents',
  'floats',
  'geometry',
  'network',
  'numbers',
  'system',
];

/**
 * @typedef {object} Set
 * @property {string} type its name in `pg_catalog`
 * @property {string} query of one column
 */

/** @param {string} name */
function file(name) {
  return readFile(new URL(`${name}.sql`, FOLDER), 'utf8');
}

/**
 * @param {string} text
 * @returns {string[]} without comments
 */
function queries(text) {
  const parts = text.replace(/^--.*\n/gm, '').split(';\n');
  return parts.slice(0, -1);
}

/**
 * @param {string} text
 * @param {number} major
 * @returns {Set[]}
 */
function sets(text, major) {
  const parts = text.split('-- @type ').slice(1);
  return parts.flatMap((part) => {
    const [head = '', body = ''] = part.split(/\n(.*)/s);
    const [type = '', since = '14'] = head.split(' since ');
    return Number(since) > major ? [] : queries(body).map((query) => ({ type, query }));
  });
}

/**
 * Values of all types that are made of no others.
 *
 * @param {number} major
 */
export async function scalars(major) {
  const files = await Promise.all(SCALARS.map(file));
  return files.flatMap((text) => sets(text, major));
}

/**
 * Values of the types of which the binary form is an OID and the text a name.
 *
 * @param {number} major
 */
export async function registered(major) {
  return sets(await file('registered'), major);
}

/** What makes user types, and queries of values of them. */
export async function userTypes() {
  const [types, values, texts] = await Promise.all(
    ['user-types', 'user-values', 'texts'].map(file),
  );
  const all = queries(values ?? '').map((query) => query.replaceAll('$texts', () => `(${texts})`));
  return { types: types ?? '', values: all };
}
