// One line about a message, for the list.

import { NAME, VALUE, WORD, visible } from './marks.js';
import { typeName } from './types.js';

/** Characters of a summary; what comes after is cut. */
const LINE_LIMIT = 240;
const VALUE_LIMIT = 60;
const BYTES_SHOWN = 16;

const FIRST_HIGH_SURROGATE = 0xd800;
const LAST_HIGH_SURROGATE = 0xdbff;

const NUMBERS = new Intl.NumberFormat('en');

/** @typedef {import('../decoding/rows.js').Row} Row */

/**
 * @param {Row} row
 * @returns {{ relation: string, summary: string }}
 */
export function describe(row) {
  switch (row.kind) {
    case 'insert':
      return rowLine(row, columns(row, 'new'));
    case 'update':
      return rowLine(row, updated(row));
    case 'delete':
      return rowLine(row, columns(row, 'old'));
    case 'begin':
      return { relation: '', summary: begin(row) };
    default:
      return fromFacts(row.kind, row.facts);
  }
}

/**
 * @param {Row} row
 * @param {Iterable<string>} parts
 */
function rowLine(row, parts) {
  return { relation: tableName(row.schema, row.table), summary: line(parts) };
}

/**
 * @param {unknown} schema
 * @param {unknown} table
 */
function tableName(schema, table) {
  return visible(`${schema}.${table}`);
}

/** @param {Iterable<string>} parts */
function line(parts) {
  let text = '';
  for (const part of parts) {
    text += text === '' ? part : `${VALUE}  ${part}`;
    if (text.length > LINE_LIMIT) return `${text}${WORD} …`;
  }
  return text;
}

/**
 * @param {Row} row
 * @param {'new' | 'old'} side
 */
function* columns(row, side) {
  for (const name of row.columns) {
    const value = valueOf(row, name, side);
    if (value !== undefined) yield named(name, value);
  }
}

/**
 * An update whose old row is known shows the key and what changed, any other one the new row.
 * @param {Row} row
 */
function* updated(row) {
  for (const name of row.columns) {
    const now = valueOf(row, name, 'new') ?? `${WORD}unchanged`;
    const before = valueOf(row, name, 'old');
    if (before === undefined) yield named(name, now);
    else if (before !== now) yield named(name, `${before}${WORD} → ${now}`);
    else if (valueOf(row, name, 'key') !== undefined) yield named(name, now);
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function named(name, value) {
  return `${NAME}${visible(name)} ${value}`;
}

/**
 * A value with its mark; undefined for what the server did not send.
 * @param {Row} row
 * @param {string} column
 * @param {'new' | 'old' | 'key'} side
 */
function valueOf(row, column, side) {
  const text = textOf(row, column, side);
  if (text === null) return `${WORD}NULL`;
  if (text === '') return `${WORD}''`;
  return text === undefined ? hexOf(row, column, side) : `${VALUE}${short(text)}`;
}

/**
 * @param {Row} row
 * @param {string} column
 * @param {'new' | 'old' | 'key'} side
 */
function textOf(row, column, side) {
  try {
    return row.text(column, side);
  } catch {
    // Bytes that are no UTF-8 are shown as bytes.
    return undefined;
  }
}

/**
 * @param {Row} row
 * @param {string} column
 * @param {'new' | 'old' | 'key'} side
 */
function hexOf(row, column, side) {
  const bytes = row.bytes(column, side);
  return bytes ? `${VALUE}${hex(bytes)}` : undefined;
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  const digits = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return `\\x${digits.join('')}${bytes.length > BYTES_SHOWN ? '…' : ''}`;
}

/** @param {string} text */
function short(text) {
  if (text.length <= VALUE_LIMIT) return visible(text);
  const cut = text.slice(0, VALUE_LIMIT);
  return `${visible(endsInHalf(cut) ? cut.slice(0, -1) : cut)}…`;
}

/**
 * Whether a character beyond 16 bits was cut in two.
 * @param {string} text
 */
function endsInHalf(text) {
  const last = text.charCodeAt(text.length - 1);
  return last >= FIRST_HIGH_SURROGATE && last <= LAST_HIGH_SURROGATE;
}

/** @param {Row} row */
function begin(row) {
  return line([
    `${NAME}commit ${VALUE}${row.commitLsn ?? ''}`,
    `${NAME}at ${VALUE}${row.commitTime ?? ''}`,
    ...(row.origin === null ? [] : [`${NAME}origin ${VALUE}${visible(row.origin)}`]),
  ]);
}

/**
 * @param {string} kind
 * @param {Record<string, any>} facts
 * @returns {{ relation: string, summary: string }}
 */
function fromFacts(kind, facts) {
  switch (kind) {
    case 'relation':
      return { relation: tableName(facts.schema, facts.table), summary: relationLine(facts) };
    case 'type':
      return {
        relation: tableName(facts.schema, facts.name),
        summary: `${NAME}oid ${VALUE}${facts.oid}`,
      };
    case 'truncate':
      return truncate(facts);
    case 'message':
      return { relation: '', summary: messageLine(facts) };
    case 'error':
      return { relation: `byte ${NUMBERS.format(facts.offset)}`, summary: visible(facts.message) };
    default:
      return { relation: '', summary: line(Object.entries(facts).map(fact)) };
  }
}

/** @param {[string, unknown]} entry */
function fact([name, value]) {
  return named(name, `${VALUE}${visible(String(value))}`);
}

/** @param {Record<string, any>} facts */
function relationLine(facts) {
  /** @type {string[]} */
  const parts = [];
  for (const { name, type, key } of facts.columns) {
    parts.push(`${NAME}${visible(name)} ${VALUE}${typeName(type)}${key ? `${WORD} key` : ''}`);
  }
  return line([...changed(facts), ...parts, `${NAME}identity ${VALUE}${facts.replicaIdentity}`]);
}

/**
 * What differs from the table's last description.
 * @param {Record<string, any>} facts
 */
function changed({ changed = {} }) {
  const { renamedFrom: table, replicaIdentity, added, dropped, retyped, order, key } = changed;
  /** @type {[string, string | undefined][]} */
  const parts = [
    ['was', table && tableName(table.schema, table.table)],
    ['identity was', replicaIdentity],
    ['added', added?.map(visible).join(', ')],
    ['dropped', dropped?.map(visible).join(', ')],
    ['retyped', retyped?.map((/** @type {any} */ { name }) => visible(name)).join(', ')],
    ['order was', order?.map(visible).join(', ')],
    ['key was', key && (key.map(visible).join(', ') || 'none')],
  ];
  return parts.filter(([, text]) => text).map(([word, text]) => `${WORD}${word} ${VALUE}${text}`);
}

/** @param {Record<string, any>} facts */
function truncate({ relations, cascade, restartIdentity }) {
  const names = relations.map((/** @type {any} */ r) => tableName(r.schema, r.table));
  const options = [cascade ? 'cascade' : '', restartIdentity ? 'restart identity' : ''];
  const others = names.length > 1 ? names.join('  ') : '';
  return {
    relation: names.length > 1 ? `${names.length} tables` : names.join(),
    summary: line([others, ...options.map((text) => text && `${WORD}${text}`)].filter(Boolean)),
  };
}

/** @param {Record<string, any>} facts */
function messageLine({ prefix, content, transactional }) {
  let text;
  try {
    text = short(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    text = hex(content);
  }
  const place = transactional ? [] : [`${WORD}outside of transactions`];
  return line([`${NAME}${visible(prefix)} ${VALUE}${text}`, ...place]);
}
