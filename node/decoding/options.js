/** Options: what they may be, and what holds where they are left out. */

import { encodingName } from './encoding.js';
import { WalscopeError } from './errors.js';
import { typeFunctions } from './type-functions.js';
import { TypeTable } from './type-table.js';

/**
 * @typedef {import('./values.js').ValueOptions} ValueOptions
 */

/** What each option may be. The first value is the default. */
const VALUE_CHOICES = {
  preset: ['lossless', 'node-postgres'],
  int8: ['bigint', 'number', 'string'],
  json: ['parse', 'text'],
  unchangedToast: ['symbol', 'omit', 'error'],
};

/** The options that say how values are read. */
export const VALUE_OPTIONS = [...Object.keys(VALUE_CHOICES), 'encoding', 'types', 'typeTable'];

/**
 * How values are read.
 *
 * @param {Record<string, unknown>} options
 * @param {ValueOptions | null} [below] what holds where the options say nothing
 * @returns {ValueOptions}
 */
export function valueOptions(options, below = null) {
  const chosen = choose(options, VALUE_CHOICES, { ...below });
  for (const name of ['int8', 'json']) {
    if (chosen.preset === 'lossless' || options[name] === undefined) continue;
    throw badOption(
      `the option ${name} beside the preset '${chosen.preset}', which says what it becomes`,
      `give a function in the option types: { int8: BigInt }`,
    );
  }
  const encoding = encodingName(options['encoding'] ?? below?.encoding ?? 'utf-8');
  return /** @type {ValueOptions} */ ({ ...chosen, encoding, ...typeOptions(options, below) });
}

/**
 * The user's functions by type, and the user types.
 *
 * @param {Record<string, unknown>} options
 * @param {ValueOptions | null} below
 * @returns {Pick<ValueOptions, 'types' | 'typeTable'>}
 */
export function typeOptions({ types, typeTable: given }, below) {
  const own = given === undefined || given === null ? null : new TypeTable(given);
  const typeTable = own ?? below?.typeTable ?? null;
  const functions = [...(below?.types ?? []), ...typeFunctions(types, typeTable)];
  return { types: new Map(functions), typeTable };
}

/**
 * @template {Record<string, unknown[]>} T
 * @param {Record<string, unknown>} options
 * @param {T} choices
 * @param {Record<string, unknown>} [below]
 * @returns {Record<keyof T, unknown>}
 */
export function choose(options, choices, below = {}) {
  const chosen = Object.entries(choices).map(([name, values]) => {
    const value = options[name] ?? below[name] ?? values[0];
    if (values.includes(value)) return [name, value];
    throw badOption(
      `the option ${name} is ${shown(value)}`,
      `it can be ${values.map(shown).join(', ')}`,
    );
  });
  return Object.fromEntries(chosen);
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/**
 * @param {string} message
 * @param {string} hint
 * @returns {WalscopeError}
 */
export function badOption(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_BAD_OPTION', message, hint });
}

/**
 * Refuses options that do not exist: a misspelt one would have no effect, and nobody would see it.
 *
 * @param {object} options
 * @param {string[]} names
 */
export function refuseUnknown(options, names) {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw badOption(`there is no option ${name}`, `there are ${names.join(', ')}`);
    }
  }
}
