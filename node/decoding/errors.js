/** The errors that walscope throws. Their codes are listed in `index.d.ts` (`ErrorCode`). */

/**
 * Where walscope's own frames in a stack are from; null where a bundler has put them into the program's
 * files, or where files have no addresses: Workers know no `import.meta.url`.
 */
const OWN = import.meta.url?.endsWith('/decoding/errors.js')
  ? new URL('../', import.meta.url).href
  : null;

/**
 * @typedef {object} ErrorFields
 * @property {string} message what happened, and where
 * @property {string} code one of `ErrorCode`, or a server's SQLSTATE
 * @property {string | null} [hint] what to do about it
 * @property {unknown} [cause] the error beneath this one
 */

/** Every error of walscope. */
export class WalscopeError extends Error {
  /** @param {ErrorFields} fields */
  constructor({ message, code, hint = null, cause }) {
    super(message, cause === undefined ? undefined : { cause });
    // The user's own call is what is of use: the stack begins there.
    if (OWN !== null && typeof this.stack === 'string') {
      const lines = this.stack.split('\n');
      this.stack = lines.filter((line) => !line.includes(OWN)).join('\n');
    }
    /** @type {string} */
    this.code = code;
    /** @type {string | null} */
    this.hint = hint;
  }
}

/** The fields of a server's error report, under the names that node-postgres gives them. */
const SERVER_FIELDS = /** @type {const} */ ([
  'severity',
  'detail',
  'position',
  'where',
  'schema',
  'table',
  'column',
  'constraint',
  'file',
  'line',
  'routine',
]);

/** PostgreSQL refused something; `code` is its SQLSTATE. */
export class ServerError extends WalscopeError {
  /** @param {ErrorFields & Partial<Record<typeof SERVER_FIELDS[number], string | null>>} fields */
  constructor(fields) {
    super(fields);
    for (const name of SERVER_FIELDS) {
      /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (this))[name] =
        fields[name] ?? null;
    }
  }
}

/** Bytes that cannot be what they should be. */
export class DecodeError extends WalscopeError {
  /**
   * @param {ErrorFields & {
   *   offset?: number | null,
   *   lsn?: string | null,
   *   relation?: string | null,
   *   column?: string | null,
   *   position?: number | null,
   *   bytes?: Uint8Array | null,
   * }} fields
   */
  constructor(fields) {
    super(fields);
    /** Where in the input, in bytes; null where that is not known. */
    this.offset = fields.offset ?? null;
    /** The LSN of the message, where it has one. */
    this.lsn = fields.lsn ?? null;
    /** `schema.table`, for an error in a row. */
    this.relation = fields.relation ?? null;
    /** The column, for an error in a value. */
    this.column = fields.column ?? null;
    /** The first bad byte, counted within the value. */
    this.position = fields.position ?? null;
    /** The bytes in question. */
    this.bytes = fields.bytes ?? null;
  }
}

/** The server cannot be reached, or the connection broke. */
export class ConnectionError extends WalscopeError {}

// On the prototypes, so that no instance carries a copy and the names survive minifiers.
for (const [name, type] of Object.entries({
  WalscopeError,
  ServerError,
  DecodeError,
  ConnectionError,
})) {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true });
}

/** @returns {WalscopeError} */
export function concurrentNext() {
  return new WalscopeError({
    code: 'WALSCOPE_CONCURRENT_NEXT',
    message: 'next() was called while an earlier call is pending',
    hint: 'await each next() before the following one: a for await loop does',
  });
}
