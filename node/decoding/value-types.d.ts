/** Values, and how they are read. */

/** The value of a large column that an update left as it was, and that the server did not send. */
export declare const unchanged: unique symbol;
export type Unchanged = typeof unchanged;

/** A json or jsonb value. Integers that a double cannot hold are bigints. */
export type JsonValue =
  string | number | bigint | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * A value of a column. Types that are not listed in the guide are PostgreSQL's text; what has no
 * decoder and came in binary form is bytes.
 */
export type Value = JsonValue | Uint8Array | Value[];

/** How values are read. */
export interface ValueOptions {
  /**
   * `lossless`: every value has a form that holds all of it. `node-postgres`: the values of the npm
   * package `pg`, with what they lose: int8 and numeric are text, moments are `Date`s (in the
   * process's time zone where they have none of their own), bytea is a `Buffer`, intervals, points and
   * circles are objects, json is `JSON.parse`'s, and arrays of types that `pg` does not know stay text.
   * Functions of `types` come on top. Default `lossless`.
   */
  preset?: 'lossless' | 'node-postgres' | undefined;
  /**
   * What int8 becomes: `number` throws for values that it cannot hold. Not with another preset than
   * `lossless`. Default `bigint`.
   */
  int8?: 'bigint' | 'number' | 'string' | undefined;
  /**
   * Whether json and jsonb are parsed, or stay PostgreSQL's text. Not with another preset than
   * `lossless`. Default `parse`.
   */
  json?: 'parse' | 'text' | undefined;
  /**
   * What stands in `new` for a large value that the update left as it was: the symbol `unchanged`,
   * nothing, or an error. Default `symbol`.
   */
  unchangedToast?: 'symbol' | 'omit' | 'error' | undefined;
  /**
   * What the text of values is in a database without an encoding (SQL_ASCII), by a name that
   * `TextDecoder` knows: `latin1`, `euc-jp`. All other databases' text comes as UTF-8. Lines of JSON
   * stay the command line's, with `$bytes` for what is not UTF-8. Default `utf-8`.
   */
  encoding?: string | undefined;
  /**
   * Functions from PostgreSQL's text to the value, by the type's name or OID:
   * `{ timestamptz: (text) => new Date(text), numeric: Number, 'public.mood': … , 16385: … }`. Names
   * are those of `pg_type`: of built-in types, and of the types in `typeTable` with their schema or, if
   * no other has the name, without. A function for a type holds for the elements of arrays of it too,
   * one for a base type for domains over it, unless there is one for the array (`numeric[]`) or the
   * domain itself. A key that can never match is refused.
   *
   * Given to `connect` it holds for every stream of the client; what a stream is given comes on top.
   */
  types?: { readonly [type: string | number]: (text: string) => unknown } | undefined;
  /**
   * The user types of the database, as `walscope types CONNINFO` prints them, as text or parsed. With
   * it enums, composites, ranges, `hstore`, `citext` and domains over any of them are read from binary
   * form too, and arrays of them become arrays; without it they are PostgreSQL's text, or bytes.
   */
  typeTable?: string | TypeTable | undefined;
}

/** A table of user types. */
export interface TypeTable {
  readonly version: number;
  readonly types: readonly UserType[];
}

/** A type in it. What else it has depends on its kind. */
export interface UserType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `enum`, `domain`, `composite`, `array`, `range`, `multirange` or `hstore`. */
  readonly kind: string;
  readonly [member: string]: unknown;
}

// --------------------------------------------------------------------------------------- Changes
