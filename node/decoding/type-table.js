/**
 * The option `typeTable`: the user types of a database, as `walscope types` prints them. Core reads
 * values by it; here it gives types their names, for the option `types`.
 */

import { WalscopeError } from './errors.js';

/**
 * @typedef {object} UserType
 * @property {number} oid
 * @property {string} schema
 * @property {string} name
 * @property {string} kind
 * @property {number} [base]
 * @property {number} [element]
 * @property {string} [delimiter]
 * @property {number} [subtype]
 * @property {number} [range]
 * @property {{ name: string, type: number }[]} [fields]
 *
 * @typedef {(value: any) => boolean} Check
 */

/** The version of a table, and the only one that is read. */
const VERSION = 1;

const LARGEST_OID = 0xffffffff;

/** How many domains may lie upon each other, as in core. */
const MAX_DOMAINS = 32;

/**
 * Whether a value can be a type's OID.
 *
 * @param {unknown} value
 * @returns {boolean}
 */
export function isOid(value) {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_OID;
}

/** @type {Check} */
const isText = (value) => typeof value === 'string';
/** @type {Check} */
const isCharacter = (value) => isText(value) && [...value].length === 1;
/** @type {Check} */
const areFields = (value) =>
  Array.isArray(value) && value.every((field) => isText(field?.name) && isOid(field?.type));

/** @type {Record<string, Check>} */
const COMMON = { oid: isOid, schema: isText, name: isText };

/**
 * What the types of each kind have beside that.
 *
 * @type {Map<unknown, Record<string, Check>>}
 */
const KINDS = new Map(
  /** @type {[string, Record<string, Check>][]} */ ([
    ['enum', {}],
    ['domain', { base: isOid }],
    ['composite', { fields: areFields }],
    ['array', { element: isOid, delimiter: isCharacter }],
    ['range', { subtype: isOid }],
    ['multirange', { range: isOid }],
    ['hstore', {}],
  ]),
);

export class TypeTable {
  /** @type {Map<number, UserType>} */
  #byOid = new Map();
  /** The types that a name may mean. @type {Map<string, UserType[]> | null} */
  #byName = null;

  /** @param {unknown} given text, or what `JSON.parse` makes of it */
  constructor(given) {
    const table = typeof given === 'string' ? parsed(given) : given;
    const { version, types } = /** @type {{ version?: unknown, types?: unknown }} */ (table ?? {});
    if (version !== VERSION) {
      throw malformed(
        version === undefined
          ? 'is none'
          : `has version ${String(version)}, and this walscope reads ${VERSION}`,
      );
    }
    if (!Array.isArray(types)) throw malformed('has no list of types');
    for (const [index, type] of types.entries()) {
      checkType(type, index);
      if (this.#byOid.has(type.oid)) throw malformed(`has several types of OID ${type.oid}`);
      this.#byOid.set(type.oid, type);
    }
  }

  /** The types, for core. */
  get types() {
    return [...this.#byOid.values()];
  }

  /** The text that core's JSON reader takes. */
  get json() {
    return JSON.stringify({ version: VERSION, types: this.types });
  }

  /**
   * The types that a domain is over, from the nearest on; of any other type none.
   *
   * @param {number} oid
   * @returns {number[]}
   */
  basesOf(oid) {
    /** @type {number[]} */
    const bases = [];
    let type = this.#byOid.get(oid);
    while (type?.base !== undefined && bases.length < MAX_DOMAINS) {
      bases.push(type.base);
      type = this.#byOid.get(type.base);
    }
    return bases;
  }

  /**
   * The types that a name may mean: with its schema or without, and `[]` behind it for the array.
   *
   * @param {string} name
   * @returns {UserType[]}
   */
  named(name) {
    this.#byName ??= this.#names();
    return this.#byName.get(name) ?? [];
  }

  #names() {
    /** @type {Map<string, Set<UserType>>} */
    const names = new Map();
    for (const type of this.#byOid.values()) {
      const element = type.element === undefined ? undefined : this.#byOid.get(type.element);
      const own = [type.name, `${type.schema}.${type.name}`];
      const array = element ? [`${element.name}[]`, `${element.schema}.${element.name}[]`] : [];
      for (const name of [...own, ...array]) {
        names.set(name, (names.get(name) ?? new Set()).add(type));
      }
    }
    return new Map([...names].map(([name, types]) => [name, [...types]]));
  }
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('is not JSON', cause);
  }
}

/**
 * @param {any} type
 * @param {number} index
 */
function checkType(type, index) {
  const kind = KINDS.get(type?.kind);
  const named = isText(type?.name) ? ` (${type.name})` : '';
  if (kind === undefined) {
    throw malformed(`has the kind ${JSON.stringify(type?.kind)} at types[${index}]${named}`);
  }
  for (const [member, check] of Object.entries({ ...COMMON, ...kind })) {
    if (check(type[member])) continue;
    const value = JSON.stringify(type[member])?.slice(0, 80) ?? 'missing';
    throw malformed(`is wrong at types[${index}]${named}: ${member} is ${value}`);
  }
}

/**
 * @param {string} problem
 * @param {unknown} [cause]
 * @returns {WalscopeError}
 */
function malformed(problem, cause) {
  return new WalscopeError({
    code: 'WALSCOPE_BAD_OPTION',
    message: `the option typeTable is no table of types: it ${problem}`,
    hint: 'pass what `walscope types CONNINFO` prints, as text or parsed',
    cause,
  });
}
