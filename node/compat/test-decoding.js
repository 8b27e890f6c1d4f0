/** The text that test_decoding writes, as objects. */

import { WalscopeError } from '../decoding/errors.js';

const TRANSACTION = /^(BEGIN|COMMIT)(?: +(\d+))?(?: +\(at ([^)]+)\))?$/;
const TABLE =
  /^table +(?:"((?:[^"]|"")*)"|([^."]+))\.(?:"((?:[^"]|"")*)"|([^:"]+)): +(INSERT|UPDATE|DELETE|TRUNCATE):/;
const NO_ROW = /^ +\(([^)]+)\)$/;
/** A column's name, its type in brackets (an array's ends in them too), and its value. */
const COLUMN =
  / +(?:"((?:[^"]|"")*)"|([^[]+))\[((?:[^[\]]|\[\])+)\]:(?:(null)(?= |$)|'((?:[^']|'')*)'|([^ \t\r\n]+))/y;

/**
 * @param {string} text a message
 * @returns {object}
 */
export function parseTestDecoding(text) {
  const transaction = TRANSACTION.exec(text);
  if (transaction !== null) {
    const [, trx, xid = null, time = null] = transaction;
    return trx === 'BEGIN' ? { trx, xid } : { trx, xid, time };
  }
  const table = TABLE.exec(text);
  if (table === null) return unknown(text);
  const [head, quotedSchema, schema, quotedName, name, action] = table;
  return {
    schema: named(quotedSchema, schema),
    table: named(quotedName, name),
    action,
    data: rowOf(text, head.length),
  };
}

/**
 * @param {string} text
 * @param {number} start
 */
function rowOf(text, start) {
  const remark = NO_ROW.exec(text.slice(start));
  if (remark !== null) return { type: 'null', name: 'message', value: remark[1] };
  const columns = [];
  COLUMN.lastIndex = start;
  for (let at = start; at < text.length; at = COLUMN.lastIndex) {
    const column = COLUMN.exec(text);
    if (column === null) return unknown(text);
    const [, quoted, name, type, isNull, literal, bare] = column;
    const value = literal === undefined ? bare : literal.replaceAll("''", "'");
    columns.push({ name: named(quoted, name), type, value: isNull === undefined ? value : null });
  }
  return columns;
}

/**
 * @param {string | undefined} quoted
 * @param {string | undefined} plain
 */
function named(quoted, plain) {
  return quoted === undefined ? plain : quoted.replaceAll('""', '"');
}

/**
 * @param {string} text
 * @returns {never}
 */
function unknown(text) {
  throw new WalscopeError({
    code: 'WALSCOPE_UNSUPPORTED',
    message: `test_decoding wrote what is neither a transaction nor a row: ${text}`,
    hint: "stream the slot with walscope itself, whose option plugin: 'test_decoding' gives every text",
  });
}
