/** pgoutput's changes as the messages of `pg-logical-replication`. */

import { WalscopeError } from '../decoding/errors.js';
import { badOption, refuseUnknown } from '../decoding/options.js';
import { Plugin } from './plugin.js';

/**
 * @typedef {import('./plugin.js').Event} Event
 *
 * @typedef {object} Relation
 * @property {'relation'} tag
 * @property {number} relationOid
 * @property {string} schema
 * @property {string} name
 * @property {string} replicaIdentity
 * @property {object[]} columns
 * @property {string[]} keyColumns
 */

/** The flag of a column of the replica identity, and of a message within its transaction. */
const FLAG = 1;

/** Types that are not PostgreSQL's own have OIDs from here on: `FirstGenbkiObjectId`. */
const FIRST_OTHER_TYPE = 10_000;

/** A name in a list: between quotation marks, or to be read in lower case. */
const IDENTIFIER = /\s*(?:"((?:[^"]|"")*)"|([^",\s]+))\s*(?:,|$)/y;

export class PgoutputPlugin extends Plugin {
  /** @param {Record<string, any>} options */
  constructor(options) {
    super(options);
    refuseUnknown(options, ['protoVersion', 'publicationNames', 'messages', 'streaming']);
  }

  get name() {
    return 'pgoutput';
  }

  /** @override */
  streamOptions() {
    const { protoVersion, publicationNames, messages, streaming } =
      /** @type {Record<string, any>} */ (this.options);
    return {
      publications: identifiers(publicationNames),
      protocol: protoVersion,
      messages,
      // Pieces come out whole, which messages as they came do not.
      ...(streaming ? { streaming: 'on' } : { raw: true }),
    };
  }

  /**
   * @override
   * @param {Record<string, unknown>} [types] functions by type
   */
  translator(types = {}) {
    const tables = new Tables(Object.keys(types));
    return (/** @type {any} */ change) => eventOf(change, tables);
  }
}

/**
 * The names of a list of publications, as the server reads such a list.
 *
 * @param {unknown} names
 * @returns {string[]}
 */
function identifiers(names) {
  const list = Array.isArray(names) ? names.join(',') : '';
  const found = [];
  IDENTIFIER.lastIndex = 0;
  for (let at = 0; at < list.length; at = IDENTIFIER.lastIndex) {
    const name = IDENTIFIER.exec(list);
    if (name === null) {
      throw badOption(
        `publicationNames is ${JSON.stringify(names)}`,
        'it is a list of names; one with capitals or other marks has quotation marks around it',
      );
    }
    found.push(name[1]?.replaceAll('""', '"') ?? String(name[2]).toLowerCase());
  }
  return found;
}

/** The tables and types that the connection has described. */
class Tables {
  /** @type {Map<string, Relation>} */
  #relations = new Map();
  /** @type {Map<number, { typeSchema: string, typeName: string }>} */
  #types = new Map();
  /** The columns of user types, which are text. @type {Map<string, string[]>} */
  #texts = new Map();
  #functions;

  /** @param {string[]} functions the types whose values the program makes itself */
  constructor(functions) {
    this.#functions = functions;
  }

  /** @param {any} change of kind `type` */
  type({ oid, schema, name }) {
    // The server leaves this schema's name out.
    const typeSchema = schema === 'pg_catalog' ? '' : schema;
    this.#types.set(oid, { typeSchema, typeName: name });
    return { tag: 'type', typeOid: oid, typeSchema, typeName: name };
  }

  /** @param {any} change of kind `relation` */
  relation({ oid, schema, table, replicaIdentity, columns }) {
    /** @type {Relation} */
    const relation = {
      tag: 'relation',
      relationOid: oid,
      schema,
      name: table,
      replicaIdentity,
      columns: columns.map((/** @type {any} */ { name, type, typmod, key }) => ({
        flags: key ? FLAG : 0,
        name,
        typeOid: type,
        typeMod: typmod,
        ...(this.#types.get(type) ?? { typeSchema: null, typeName: null }),
      })),
      keyColumns: columns.flatMap((/** @type {any} */ { name, key }) => (key ? [name] : [])),
    };
    const place = nameOf(schema, table);
    this.#relations.set(place, relation);
    const texts = columns.filter((/** @type {any} */ { type }) => {
      return type >= FIRST_OTHER_TYPE && !this.#functions.includes(String(type));
    });
    this.#texts.set(
      place,
      texts.map((/** @type {any} */ { name }) => name),
    );
    return relation;
  }

  /**
   * The table of a row. Values of domains are PostgreSQL's text, as the incumbent has them: it does not
   * know what they are over.
   *
   * @param {any} change
   * @returns {Relation}
   */
  ofRow(change) {
    for (const name of this.#texts.get(nameOf(change.schema, change.table)) ?? []) {
      for (const side of ['new', 'old', 'key']) {
        const text = change.text(name, side);
        if (change[side] && typeof text === 'string') change[side][name] = text;
      }
    }
    return this.of(change);
  }

  /**
   * A table is described again before its first row after it was renamed: names are enough.
   *
   * @param {{ schema: string, table: string }} row
   * @returns {Relation}
   */
  of({ schema, table }) {
    return /** @type {Relation} */ (this.#relations.get(nameOf(schema, table)));
  }
}

/**
 * @param {string} schema
 * @param {string} table
 */
function nameOf(schema, table) {
  return JSON.stringify([schema, table]);
}

/**
 * @param {any} change
 * @param {Tables} tables
 * @returns {Event}
 */
function eventOf(change, tables) {
  const { kind, lsn } = change;
  if (kind === 'keepalive') {
    const heartbeat = { time: Date.parse(change.time), shouldRespond: change.replyRequested };
    return { lsn, ends: false, heartbeat };
  }
  const ends = kind === 'commit' || (kind === 'message' && !change.transactional);
  return { lsn, log: messageOf(change, tables), ends };
}

/**
 * @param {any} change
 * @param {Tables} tables
 * @returns {object}
 */
function messageOf(change, tables) {
  const { kind, xid } = change;
  switch (kind) {
    case 'begin':
      return { tag: kind, ...commitOf(change), xid };
    case 'commit':
      return { tag: kind, flags: 0, ...commitOf(change), commitEndLsn: padded(change.endLsn) };
    case 'origin':
      return { tag: kind, originLsn: padded(change.originLsn), originName: change.name };
    case 'type':
      return tables.type(change);
    case 'relation':
      return tables.relation(change);
    case 'insert':
      return { tag: kind, relation: tables.ofRow(change), new: change.new };
    case 'update':
      return updateOf(change, tables.ofRow(change));
    case 'delete':
      return { tag: kind, relation: tables.ofRow(change), ...oldOf(change, true) };
    case 'truncate': {
      const relations = change.relations.map((/** @type {any} */ table) => tables.of(table));
      const { cascade, restartIdentity } = change;
      return { tag: kind, cascade, restartIdentity, relations };
    }
    case 'message': {
      const { transactional, prefix, content } = change;
      const { buffer, byteOffset, length } = content;
      return {
        tag: kind,
        flags: transactional ? FLAG : 0,
        transactional,
        messageLsn: padded(change.lsn),
        prefix,
        content: Buffer.from(buffer, byteOffset, length),
      };
    }
    default:
      throw new WalscopeError({
        code: 'WALSCOPE_UNSUPPORTED',
        message: `the slot sends a message of kind ${kind}, which pg-logical-replication does not know`,
        hint: 'stream a slot for two-phase commit with walscope itself',
      });
  }
}

/**
 * @param {any} change
 * @param {Relation} relation
 */
function updateOf(change, relation) {
  // In place, so that the columns keep their order.
  for (const name of change.unchanged) change.new[name] = undefined;
  const keySent = relation.keyColumns.some((name) => typeof change.text(name, 'old') === 'string');
  return { tag: 'update', relation, ...oldOf(change, keySent), new: change.new };
}

/**
 * The row before the change, as far as the server sent it. walscope knows the key without it too.
 *
 * @param {any} change
 * @param {boolean} keySent
 */
function oldOf({ key, old }, keySent) {
  return { key: old === null && keySent ? key : null, old };
}

/** @param {any} change */
function commitOf({ commitLsn, commitTime }) {
  return { commitLsn: padded(commitLsn), commitTime: microseconds(commitTime) };
}

/**
 * An LSN in 16 digits; null for none, which is 0 in messages.
 *
 * @param {string | null} lsn
 * @returns {string | null}
 */
function padded(lsn) {
  if (lsn === null || lsn === '0/0') return null;
  return lsn
    .split('/')
    .map((half) => half.padStart(8, '0'))
    .join('/');
}

/**
 * Microseconds since 1970.
 *
 * @param {string} time in ISO 8601 with six digits of seconds
 * @returns {bigint}
 */
function microseconds(time) {
  const [, micros] = /** @type {RegExpExecArray} */ (/(\d{3})Z$/.exec(time));
  return BigInt(Date.parse(time)) * 1000n + BigInt(/** @type {string} */ (micros));
}
