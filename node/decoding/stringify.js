/**
 * The command line's JSON line of a change, byte for byte, made from PostgreSQL's text: digits stay
 * as the server wrote them.
 */

import { isTransactional, kindName } from './facts.js';
import { compactJson, parseJson } from './json.js';
import {
  isRow,
  KIND,
  KIND_MASK,
  NULL_VALUE,
  OLD_FULL,
  RECORD,
  ROW,
  UNCHANGED_VALUE,
} from './layout.js';
import { hexText, utf8OrNull } from './text.js';
import { VIEW } from './view.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @typedef {import('./facts.js').Context} Context
 * @typedef {import('./relation.js').Relation} Relation
 * @typedef {import('./relation.js').Side} Side
 * @typedef {import('./values.js').Column} Column
 * @typedef {import('./view.js').View} View
 * @typedef {import('./view.js').Viewable} Viewable
 */

/** The types whose text is JSON already, by OID: int8, int2, int4, oid; float4, float8; the rest. */
const INTEGERS = new Set([20, 21, 23, 26]);
const FLOATS = new Set([700, 701]);
const DOCUMENTS = new Set([114, 3802]);
const BOOL = 16;

const INTEGER = /^-?[0-9]+$/;
/** PostgreSQL writes `1`, `1.5`, `1e+20` and the like, all of them JSON; NaN and infinities are not. */
const NUMBER = /^-?[0-9][0-9.e+-]*$/;

/**
 * The kinds whose line says where their transaction was committed or prepared. Messages do when they
 * belong to one.
 *
 * @type {Set<number>}
 */
const PLACED = new Set([
  KIND.BEGIN,
  KIND.BEGIN_PREPARE,
  KIND.COMMIT,
  KIND.PREPARE,
  KIND.INSERT,
  KIND.UPDATE,
  KIND.DELETE,
  KIND.TRUNCATE,
]);

/**
 * The line of a change or of a cursor's row, without its line feed.
 *
 * @param {Viewable} change
 * @returns {string}
 */
export function stringify(change) {
  const view = change[VIEW]();
  const { words, at } = view;
  const kind = wordAt(words, at) & KIND_MASK;
  const placed = PLACED.has(kind) || (kind === KIND.MESSAGE && isTransactional(words, at));
  const context = placed ? view.context : null;
  /** @type {string[]} */
  const members = [member('kind', JSON.stringify(kindName(wordAt(words, at) & KIND_MASK)))];
  const lsn = lsnAt(words, at + RECORD.LSN);
  if (lsn !== null) members.push(member('lsn', `"${lsn}"`));
  const xid = wordAt(words, at + RECORD.XID) >>> 0;
  if (xid !== 0) members.push(member('xid', String(xid)));
  if (context !== null) members.push(...place(context));
  if (isRow(kind)) {
    members.push(...rowMembers(view, kind));
  } else {
    members.push(...otherMembers(view, kind, context));
  }
  if (context !== null && context.origin !== null) {
    members.push(member('origin', JSON.stringify(context.origin)));
  }
  return `{${members.join(',')}}`;
}

/**
 * The object of that line, for `JSON.stringify`: integers that a double does not hold are strings.
 *
 * @param {Viewable} change
 * @returns {unknown}
 */
export function jsonOf(change) {
  return parseJson(stringify(change), (digits) => {
    const number = Number(digits);
    return Number.isSafeInteger(number) ? number : digits;
  });
}

/**
 * @param {string} name
 * @param {string} json
 * @returns {string}
 */
function member(name, json) {
  return `${JSON.stringify(name)}:${json}`;
}

/**
 * @param {Context} context
 * @returns {string[]}
 */
function place(context) {
  if (!context.prepared) return [member('commitLsn', `"${context.lsn}"`)];
  return [member('prepareLsn', `"${context.lsn}"`), member('gid', JSON.stringify(context.gid))];
}

/**
 * @param {View} view
 * @param {number} kind
 * @returns {string[]}
 */
function rowMembers(view, kind) {
  const { words, at, relations } = view;
  const relation = /** @type {Relation} */ (relations.get(wordAt(words, at + ROW.RELATION)));
  const members = seqMember(wordAt(words, at + ROW.SEQ));
  members.push(member('schema', JSON.stringify(relation.schema)));
  members.push(member('table', JSON.stringify(relation.table)));
  if (kind !== KIND.INSERT && relation.hasKey) {
    members.push(member('key', side(view, relation, 'key')));
  }
  if (wordAt(words, at + ROW.OLD_KIND) === OLD_FULL) {
    members.push(member('old', side(view, relation, 'old')));
  }
  if (kind !== KIND.DELETE) {
    members.push(member('new', side(view, relation, 'new')));
    const unchanged = relation.unchangedNames(words, at);
    if (unchanged.length > 0) members.push(member('unchanged', JSON.stringify(unchanged)));
  }
  return members;
}

/**
 * @param {number} seq
 * @returns {string[]}
 */
function seqMember(seq) {
  return seq < 0 ? [] : [member('seq', String(seq))];
}

/**
 * One side of a row as a JSON object; columns that were not sent are left out.
 *
 * @param {View} view
 * @param {Relation} relation
 * @param {Side} which
 * @returns {string}
 */
function side({ words, at, source }, relation, which) {
  /** @type {string[]} */
  const members = [];
  for (const column of relation.columns) {
    const pair = relation.pairOf(words, at, column.index, which);
    if (pair < 0 || wordAt(words, pair + 1) === UNCHANGED_VALUE) continue;
    const length = wordAt(words, pair + 1);
    members.push(member(column.name, value(column, source, wordAt(words, pair), length)));
  }
  return `{${members.join(',')}}`;
}

/**
 * @param {Column} column
 * @param {View['source']} source
 * @param {number} offset
 * @param {number} length
 * @returns {string}
 */
function value(column, source, offset, length) {
  if (length === NULL_VALUE) return 'null';
  const binary = offset < 0;
  const bytes = length >= 0 && !binary ? null : source.columnBytes(offset, length);
  const text = bytes ? (binary ? null : utf8OrNull(bytes)) : source.ascii(offset, length);
  if (text === null) return `{"$bytes":"${hexText(bytes ?? new Uint8Array())}"}`;
  if (column.base === BOOL && (text === 't' || text === 'f')) return String(text === 't');
  if (INTEGERS.has(column.base) && INTEGER.test(text)) return text;
  if (FLOATS.has(column.base) && NUMBER.test(text)) return text;
  if (DOCUMENTS.has(column.base)) return compactJson(text);
  return JSON.stringify(text);
}

/**
 * What `readFacts` found, without what the transaction's place has said already.
 *
 * @param {View} view
 * @param {number} kind
 * @param {Context | null} context
 * @returns {string[]}
 */
function otherMembers({ words, at, facts }, kind, context) {
  /** @type {string[]} */
  const members = [];
  if (kind === KIND.TRUNCATE) members.push(...seqMember(wordAt(words, at + ROW.SEQ)));
  if (kind === KIND.BEGIN && context !== null) {
    const { commitTime, prepareTime } = context;
    members.push(
      commitTime === null
        ? member('prepareTime', `"${prepareTime}"`)
        : member('commitTime', `"${commitTime}"`),
    );
  }
  for (const name of FACT_NAMES[kind] ?? []) {
    const fact = facts[name];
    if (fact === undefined) continue;
    const text = fact instanceof Uint8Array ? utf8OrNull(fact) : null;
    const bytes = fact instanceof Uint8Array && text === null;
    members.push(
      member(name, bytes ? `{"$bytes":"${hexText(fact)}"}` : JSON.stringify(text ?? fact)),
    );
  }
  return members;
}

/**
 * The facts of each kind in the order of its line.
 *
 * @type {Record<number, string[]>}
 */
const FACT_NAMES = {
  [KIND.ERROR]: ['message', 'offset', 'relation', 'column'],
  [KIND.COMMIT]: ['endLsn', 'commitTime'],
  [KIND.STREAM_COMMIT]: ['commitLsn', 'endLsn', 'commitTime'],
  [KIND.PREPARE]: ['endLsn', 'prepareTime'],
  [KIND.BEGIN_PREPARE]: ['endLsn', 'prepareTime'],
  [KIND.STREAM_PREPARE]: ['prepareLsn', 'endLsn', 'prepareTime', 'gid'],
  [KIND.COMMIT_PREPARED]: ['commitLsn', 'endLsn', 'commitTime', 'gid'],
  [KIND.ROLLBACK_PREPARED]: ['prepareEndLsn', 'endLsn', 'prepareTime', 'rollbackTime', 'gid'],
  [KIND.TRUNCATE]: ['relations', 'cascade', 'restartIdentity'],
  [KIND.MESSAGE]: ['transactional', 'prefix', 'content'],
  [KIND.RELATION]: ['oid', 'schema', 'table', 'replicaIdentity', 'columns', 'changed'],
  [KIND.ORIGIN]: ['originLsn', 'name'],
  [KIND.TYPE]: ['oid', 'schema', 'name'],
  [KIND.STREAM_START]: ['firstSegment'],
  [KIND.STREAM_ABORT]: ['subxid', 'abortLsn', 'abortTime'],
  [KIND.KEEPALIVE]: ['time', 'replyRequested'],
};
