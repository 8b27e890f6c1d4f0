/** The option `types`: functions of the user's that make values of PostgreSQL's text. */

import { WalscopeError } from './errors.js';
import { typeOid } from './values.js';

/**
 * @typedef {import('./values.js').Convert} Convert
 */

/**
 * The functions by OID.
 *
 * @param {unknown} types
 * @returns {Map<number, Convert>}
 */
export function typeFunctions(types) {
  /** @type {Map<number, Convert>} */
  const functions = new Map();
  if (types === undefined || types === null) return functions;
  if (typeof types !== 'object') {
    throw refused('the option types is no object', 'pass functions by type: { numeric: Number }');
  }
  for (const [key, convert] of Object.entries(types)) {
    const oid = typeOid(key);
    if (oid === undefined) {
      throw refused(
        `the option types names ${key}, which is no built-in type`,
        'use a name as in pg_type (int8, timestamptz, numeric[]), or the OID of a type of your own',
      );
    }
    if (typeof convert !== 'function') {
      throw refused(
        `types.${key} is no function`,
        "it takes PostgreSQL's text and gives the value",
      );
    }
    functions.set(oid, convert);
  }
  return functions;
}

/**
 * @param {string} message
 * @param {string} hint
 * @returns {WalscopeError}
 */
function refused(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_BAD_OPTION', message, hint });
}
