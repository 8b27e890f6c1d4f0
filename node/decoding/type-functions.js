/** The option `types`: functions of the user's that make values of PostgreSQL's text. */

import { BUILT_IN_TYPES } from './builtin-types.js';
import { WalscopeError } from './errors.js';
import { isOid } from './type-table.js';

/**
 * @typedef {import('./type-table.js').TypeTable} TypeTable
 * @typedef {import('./values.js').Convert} Convert
 */

/** OIDs by the names of the built-in types and of their arrays (`int4`, `int4[]`). */
const BUILT_IN = new Map(
  BUILT_IN_TYPES.flatMap(([type, name, array]) => [
    [name, type],
    [`${name}[]`, array],
  ]),
);

/** The schema of the built-in types. */
const PG_CATALOG = 'pg_catalog.';

/**
 * The functions by OID.
 *
 * @param {unknown} types
 * @param {TypeTable | null} table
 * @returns {Map<number, Convert>}
 */
export function typeFunctions(types, table) {
  /** @type {Map<number, Convert>} */
  const functions = new Map();
  if (types === undefined || types === null) return functions;
  if (typeof types !== 'object') {
    throw refused('the option types is no object', 'pass functions by type: { numeric: Number }');
  }
  for (const [key, convert] of Object.entries(types)) {
    const oid = typeOid(key, table);
    if (typeof convert !== 'function') {
      throw refused(
        `types[${JSON.stringify(key)}] is no function`,
        "it takes PostgreSQL's text and gives the value",
      );
    }
    functions.set(oid, convert);
  }
  return functions;
}

/**
 * The OID that a key means. One that could never match is refused.
 *
 * @param {string} key
 * @param {TypeTable | null} table
 * @returns {number}
 */
function typeOid(key, table) {
  if (/^[1-9][0-9]*$/.test(key)) {
    if (isOid(Number(key))) return Number(key);
    throw refused(`the option types has the key ${key}, which is no OID`, 'OIDs have 32 bits');
  }
  const builtIn = BUILT_IN.get(key.startsWith(PG_CATALOG) ? key.slice(PG_CATALOG.length) : key);
  if (builtIn !== undefined) return builtIn;
  const [type, ...others] = table?.named(key) ?? [];
  if (type === undefined) {
    throw refused(
      `the option types has the key ${JSON.stringify(key)}, which names no type that is known`,
      `use a name as in pg_type (int8, timestamptz, numeric[]), ${
        table === null ? 'a name of the option typeTable' : 'one of the typeTable'
      } (mood, public.mood, mood[]), or an OID`,
    );
  }
  if (others.length > 0) {
    const all = [type, ...others].map(({ schema, name, oid }) => `${schema}.${name} (OID ${oid})`);
    throw refused(
      `the option types has the key ${JSON.stringify(key)}, which names ${all.join(' and ')}`,
      'name the schema too, or use the OID',
    );
  }
  return type.oid;
}

/**
 * @param {string} message
 * @param {string} hint
 * @returns {WalscopeError}
 */
function refused(message, hint) {
  return new WalscopeError({ code: 'WALSCOPE_BAD_OPTION', message, hint });
}
