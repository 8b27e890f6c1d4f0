/**
 * The types that both packages share: changes, values, batches, the decoder, errors.
 */

import type { Unchanged, Value, ValueOptions } from './value-types.js';

export * from './value-types.js';

/** Which of the rows of a change. `key`: the replica identity before the change. */
export type Side = 'new' | 'old' | 'key';

/** What every change has, as getters. */
export interface ChangeFacts {
  /** The transaction; null for a message outside of any. */
  readonly xid: number | null;
  /** Where the message lies in the log; null where its source does not say. */
  readonly lsn: string | null;
  /** The LSN of the transaction's commit; null when it was delivered at its PREPARE. */
  readonly commitLsn: string | null;
  /** When the transaction was committed: ISO 8601 with microseconds. */
  readonly commitTime: string | null;
  /** The LSN of the transaction's PREPARE, when it was delivered there. */
  readonly prepareLsn: string | null;
  /** The name of the prepared transaction. */
  readonly gid: string | null;
  /** The replication origin that the transaction comes from. */
  readonly origin: string | null;
  /** The number of a change of rows in its transaction, from 0. */
  readonly seq: number | null;
  /**
   * Transaction and number as text that sorts as changes do and is the same when they are delivered
   * again: the key to store for exactly-once processing.
   */
  readonly position: string | null;
  /** The object of the command line's JSON line; integers beyond a number's reach are strings. */
  toJSON(): unknown;
}

/** What changes of rows have. `T` is the row, `S` the schema's name, `N` the table's. */
export interface RowFacts<T, S extends string, N extends string> extends ChangeFacts {
  readonly schema: S;
  readonly table: N;
  /**
   * PostgreSQL's text of a value: null for NULL, undefined for what the server did not send, and for a
   * binary value that nobody can read.
   */
  text(column: (keyof T & string) | number, side?: Side): string | null | undefined;
}

export interface Insert<
  T = Row,
  S extends string = string,
  N extends string = string,
> extends RowFacts<T, S, N> {
  readonly kind: 'insert';
  readonly new: T;
}

export interface Update<
  T = Row,
  S extends string = string,
  N extends string = string,
> extends RowFacts<T, S, N> {
  readonly kind: 'update';
  /** The replica identity before the change; null when the table has none. */
  readonly key: Partial<T> | null;
  /** The whole row before the change, with REPLICA IDENTITY FULL. */
  readonly old: T | null;
  readonly new: { [K in keyof T]: T[K] | Unchanged };
  /** The columns whose value the server did not send, because the update left it as it was. */
  readonly unchanged: (keyof T & string)[];
}

export interface Delete<
  T = Row,
  S extends string = string,
  N extends string = string,
> extends RowFacts<T, S, N> {
  readonly kind: 'delete';
  /** The replica identity of the row; null when the table has none. */
  readonly key: Partial<T> | null;
  /** The whole row, with REPLICA IDENTITY FULL. */
  readonly old: T | null;
}

export interface Begin extends ChangeFacts {
  readonly kind: 'begin';
  readonly xid: number;
}

export interface Commit extends ChangeFacts {
  readonly kind: 'commit';
  readonly xid: number;
  readonly commitLsn: string;
  readonly commitTime: string;
  /** Where the commit record ends: what a confirmation of this transaction tells the server. */
  readonly endLsn: string;
}

export interface TableName {
  schema: string;
  table: string;
}

export interface Truncate extends ChangeFacts {
  readonly kind: 'truncate';
  readonly relations: TableName[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** A message of `pg_logical_emit_message`. */
export interface Message extends ChangeFacts {
  readonly kind: 'message';
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: Uint8Array;
}

export interface RelationColumn {
  name: string;
  /** The type's OID. */
  type: number;
  typmod: number;
  /** Whether it belongs to the replica identity. */
  key: boolean;
}

/**
 * What differs from the table's last description on this connection. Every member is left out where
 * it has nothing to say.
 */
export interface RelationDifference {
  /** The names before, when the table was renamed or moved. */
  renamedFrom?: TableName;
  /** Before. */
  replicaIdentity?: 'default' | 'nothing' | 'full' | 'index';
  added?: string[];
  dropped?: string[];
  /**
   * Dropped columns in whose place an added one of the same type stands, before a column that stays.
   * RENAME COLUMN leaves that; so do another column list of a publication, a generated column that
   * takes the place, and a column behind it that was dropped and added again. A last column is never
   * in here: dropping one and adding another is common, and looks the same as well.
   */
  mayBeRenamed?: { from: string; to: string }[];
  /** Columns of another type or modifier now, with those from before. */
  retyped?: { name: string; type: number; typmod: number }[];
  /** The names of all columns before, when those that are left have another order now. */
  order?: string[];
  /** The names of the columns of the replica identity before, when they are others now. */
  key?: string[];
}

/** A table's description: before its first change, and when it differs from the last. */
export interface Relation extends ChangeFacts {
  readonly kind: 'relation';
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  readonly columns: RelationColumn[];
  /** When this connection has described the table before, in another way. */
  readonly changed?: RelationDifference;
}

/** The end of a transaction that was prepared for two-phase commit. */
export interface Prepare extends ChangeFacts {
  readonly kind: 'prepare';
  readonly prepareLsn: string;
  readonly gid: string;
  readonly endLsn: string;
  readonly prepareTime: string;
}

export interface CommitPrepared extends ChangeFacts {
  readonly kind: 'commitPrepared';
  readonly commitLsn: string;
  readonly commitTime: string;
  readonly endLsn: string;
  readonly gid: string;
}

export interface RollbackPrepared extends ChangeFacts {
  readonly kind: 'rollbackPrepared';
  readonly prepareEndLsn: string;
  readonly endLsn: string;
  readonly prepareTime: string;
  readonly rollbackTime: string;
  readonly gid: string;
}

/** A row of a table that no type was given for. */
export type Row = Record<string, Value>;

/** Any tables: what `DB` is when it is left out. */
export type AnyDatabase = Record<string, Row>;

type SchemaOf<K extends string> = string extends K
  ? string
  : K extends `${infer S}.${string}`
    ? S
    : string;
type TableOf<K extends string> = string extends K
  ? string
  : K extends `${string}.${infer N}`
    ? N
    : K;

/** The changes of rows of a database whose keys are `table` or `schema.table`. */
export type RowChange<DB extends object = AnyDatabase> = {
  [K in keyof DB & string]:
    | Insert<DB[K], SchemaOf<K>, TableOf<K>>
    | Update<DB[K], SchemaOf<K>, TableOf<K>>
    | Delete<DB[K], SchemaOf<K>, TableOf<K>>;
}[keyof DB & string];

/** A change. `kind`, and for rows `table`, tell which. */
export type Change<DB extends object = AnyDatabase> =
  | RowChange<DB>
  | Begin
  | Commit
  | Truncate
  | Message
  | Relation
  | Prepare
  | CommitPrepared
  | RollbackPrepared;

/** Only with `errors: 'include'`: what could not be decoded. */
export interface ErrorRecord extends ChangeFacts {
  readonly kind: 'error';
  readonly message: string;
  /** Where in the input, in bytes. */
  readonly offset: number;
  /** The table with its schema, and the column, where it is a value that is wrong. */
  readonly relation?: string;
  readonly column?: string;
}

export interface Origin extends ChangeFacts {
  readonly kind: 'origin';
  readonly originLsn: string;
  readonly name: string;
}

export interface Type extends ChangeFacts {
  readonly kind: 'type';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export interface StreamStart extends ChangeFacts {
  readonly kind: 'streamStart';
  readonly firstSegment: boolean;
}

export interface StreamStop extends ChangeFacts {
  readonly kind: 'streamStop';
}

export interface StreamCommit extends ChangeFacts {
  readonly kind: 'streamCommit';
  readonly commitLsn: string;
  readonly commitTime: string;
  readonly endLsn: string;
}

export interface StreamAbort extends ChangeFacts {
  readonly kind: 'streamAbort';
  readonly subxid: number;
  /** With `streaming: 'parallel'` only. */
  readonly abortLsn?: string;
  readonly abortTime?: string;
}

export interface BeginPrepare extends ChangeFacts {
  readonly kind: 'beginPrepare';
  readonly prepareLsn: string;
  readonly endLsn: string;
  readonly prepareTime: string;
  readonly gid: string;
}

export interface StreamPrepare extends ChangeFacts {
  readonly kind: 'streamPrepare';
  readonly prepareLsn: string;
  readonly endLsn: string;
  readonly prepareTime: string;
  readonly gid: string;
}

export interface Keepalive extends ChangeFacts {
  readonly kind: 'keepalive';
  readonly time: string;
  readonly replyRequested: boolean;
}

/** With `raw: true`: every message as it came. Pieces of transactions have no `commitLsn` or `seq`. */
export type RawMessage<DB extends object = AnyDatabase> =
  | Change<DB>
  | ErrorRecord
  | Origin
  | Type
  | StreamStart
  | StreamStop
  | StreamCommit
  | StreamAbort
  | BeginPrepare
  | StreamPrepare
  | Keepalive;

/** Whether the new row of an update has all its values. */
export declare function isComplete<
  C extends { readonly new: object; readonly unchanged: string[] },
>(
  change: C,
): change is C & { readonly new: { [K in keyof C['new']]: Exclude<C['new'][K], Unchanged> } };

/** The command line's JSON line of a change, byte for byte, without its line feed. */
export declare function stringify(change: ChangeFacts | RowCursor): string;

// --------------------------------------------------------------------------------------- Batches

/**
 * One record of a batch. A loop over a batch moves the same object from record to record: keep
 * values, not rows.
 */
export interface RowCursor {
  readonly kind: RawMessage['kind'];
  readonly xid: number | null;
  readonly lsn: string | null;
  readonly commitLsn: string | null;
  readonly commitTime: string | null;
  readonly prepareLsn: string | null;
  readonly gid: string | null;
  readonly origin: string | null;
  readonly seq: number | null;
  readonly position: string | null;
  /** The table of a change of a row. */
  readonly schema: string | null;
  readonly table: string | null;
  /** The names of its columns. */
  readonly columns: string[];
  /** What a record that is no row says, under the names that changes have. */
  readonly facts: Record<string, unknown>;
  /** Where the message lies in the batch's bytes. */
  readonly messageOffset: number;
  readonly messageLength: number;
  /**
   * A value. Undefined for what is not there: another kind of record, no such column, a side that
   * the server did not send. `side` is `new` by default, for deletes `old`.
   */
  get(column: string | number, side?: Side): Value | Unchanged | undefined;
  /**
   * PostgreSQL's text of a value: null for NULL, undefined for what was not sent, and for a binary
   * value that nobody can read.
   */
  text(column: string | number, side?: Side): string | null | undefined;
  /** A copy of a value's bytes, whatever they are. */
  bytes(column: string | number, side?: Side): Uint8Array | null | undefined;
  /** A side of the row as a plain object; null when it was not sent. */
  toObject(side?: Side): Record<string, Value | Unchanged> | null;
  toJSON(): unknown;
}

/** What `postMessage` takes for a batch. */
export interface TransferableBatch {
  readonly bytes: Uint8Array;
  readonly index: Int32Array;
  readonly [more: string]: unknown;
}

/** Many messages at once, as they came: the fast road. */
export declare class Batch<C = Change> implements Iterable<RowCursor> {
  private constructor();
  /** The received bytes, with core's own behind them. */
  readonly bytes: Uint8Array;
  /** The records, as one cursor that moves. */
  [Symbol.iterator](): IterableIterator<RowCursor>;
  /** The records as changes. */
  changes(): IterableIterator<C>;
  /**
   * For `port.postMessage(message, transfer)`. After that this batch is empty, but
   * `stream.acknowledge()` still takes it. A batch of `transaction.batches()` is copied instead.
   */
  toTransferable(): { message: TransferableBatch; transfer: ArrayBuffer[] };
  /** The batch on the other side. */
  static from<C = Change>(
    message: TransferableBatch,
    options?: Pick<ValueOptions, 'types' | 'typeTable'>,
  ): Batch<C>;
}

// --------------------------------------------------------------------------------------- Decoder

export interface DecoderOptions extends ValueOptions {
  /** What the recording must be. Default `auto`: it is found out. */
  format?: 'auto' | 'capture' | 'pg_recvlogical' | undefined;
  /** Every message as it came. Default false. */
  raw?: boolean | undefined;
  /** The largest message, and the most that pieces of transactions may take, in bytes. Default 64 MiB. */
  maxBytes?: number | undefined;
  /** `include`: what cannot be decoded is a record of kind `error`, and decoding goes on. */
  errors?: 'throw' | 'include' | undefined;
}

type RawOption = { raw: true } | { errors: 'include' };

/** Decodes a recording that comes in pieces: a capture, or output of `pg_recvlogical`. */
export declare class Decoder<C = RawMessage> {
  constructor(options?: DecoderOptions);
  /** What the recording is, as soon as that is known. */
  readonly format: 'capture' | 'pg_recvlogical' | null;
  /**
   * Takes the next piece, cut anywhere and under 1 GiB, and gives what is whole by now. The piece is
   * copied.
   */
  push(piece: Uint8Array): Batch<C>;
  /** The recording is complete. Throws when it ends within a message. */
  end(): Batch<C>;
  /** Gives the memory back now instead of when the decoder is collected. */
  free(): void;
}

/** The changes of a recording in memory. */
export interface Recording<C> extends Iterable<C> {
  batches(): Iterable<Batch<C>>;
}

/** The changes of a recording that comes as a stream. It can be read once. */
export interface StreamedRecording<C> extends AsyncIterable<C> {
  batches(): AsyncIterable<Batch<C>>;
}

export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** The changes of a whole recording. */
export declare function decode<DB extends object = AnyDatabase>(
  input: Uint8Array | ArrayBuffer,
  options: DecoderOptions & RawOption,
): Recording<RawMessage<DB>>;
export declare function decode<DB extends object = AnyDatabase>(
  input: Uint8Array | ArrayBuffer,
  options?: DecoderOptions,
): Recording<Change<DB>>;
export declare function decode<DB extends object = AnyDatabase>(
  input: ByteStream,
  options: DecoderOptions & RawOption,
): StreamedRecording<RawMessage<DB>>;
export declare function decode<DB extends object = AnyDatabase>(
  input: ByteStream,
  options?: DecoderOptions,
): StreamedRecording<Change<DB>>;

/** LSNs are text for people; these are for arithmetic and order. */
export declare const lsn: {
  /** The text's number. */
  parse(text: string): bigint;
  /** The number's text: two hexadecimal halves, as PostgreSQL writes them. */
  format(value: bigint): string;
  /** For `sort`. */
  compare(a: string | bigint, b: string | bigint): -1 | 0 | 1;
};

// ---------------------------------------------------------------------------------------- Errors

/** The codes of walscope's own errors. A `ServerError` has a SQLSTATE instead. */
export type ErrorCode =
  | 'WALSCOPE_ACK_AHEAD'
  | 'WALSCOPE_AUTH'
  | 'WALSCOPE_BACKUP_INCOMPLETE'
  | 'WALSCOPE_BAD_ENCODING'
  | 'WALSCOPE_BAD_LSN'
  | 'WALSCOPE_BAD_OPTION'
  | 'WALSCOPE_BAD_UTF8'
  | 'WALSCOPE_BAD_VALUE'
  | 'WALSCOPE_BUSY'
  | 'WALSCOPE_CLOSED'
  | 'WALSCOPE_CONCURRENT_NEXT'
  | 'WALSCOPE_CONFIG'
  | 'WALSCOPE_CONNECT'
  | 'WALSCOPE_CONTENT_OVER'
  | 'WALSCOPE_DECODE'
  | 'WALSCOPE_FILE'
  | 'WALSCOPE_IO'
  | 'WALSCOPE_MOVED'
  | 'WALSCOPE_NOT_READY'
  | 'WALSCOPE_NO_BINDING'
  | 'WALSCOPE_NO_SERVER'
  | 'WALSCOPE_NO_SOCKETS'
  | 'WALSCOPE_PASSWORD'
  | 'WALSCOPE_PROTOCOL'
  | 'WALSCOPE_PUBLICATION_MISSING'
  | 'WALSCOPE_RESUME_MISMATCH'
  | 'WALSCOPE_ROLE'
  | 'WALSCOPE_SILENT'
  | 'WALSCOPE_SLOT_LOST'
  | 'WALSCOPE_SLOT_MISSING'
  | 'WALSCOPE_SPILL'
  | 'WALSCOPE_STREAM_CLOSED'
  | 'WALSCOPE_TIMEOUT'
  | 'WALSCOPE_TLS'
  | 'WALSCOPE_TLS_CLIENT_CERTIFICATE'
  | 'WALSCOPE_TLS_HOST_NAME'
  | 'WALSCOPE_TLS_NOT_TRUSTED'
  | 'WALSCOPE_TLS_REFUSED'
  | 'WALSCOPE_TLS_ROOT_CERTIFICATES'
  | 'WALSCOPE_TRANSACTION_OVER'
  | 'WALSCOPE_TRANSACTION_TOO_LARGE'
  | 'WALSCOPE_TYPE_FUNCTION'
  | 'WALSCOPE_UNCHANGED_TOAST'
  | 'WALSCOPE_UNSUPPORTED'
  | 'WALSCOPE_VALUE_TOO_LARGE'
  | 'WALSCOPE_WAL_END'
  | 'WALSCOPE_WAL_REMOVED';

/** Every error of walscope. */
export declare class WalscopeError extends Error {
  constructor(fields: { message: string; code: string; hint?: string | null; cause?: unknown });
  /** One of `ErrorCode`, or a SQLSTATE. */
  readonly code: ErrorCode | (string & {});
  /** What to do about it. */
  readonly hint: string | null;
}

/** PostgreSQL refused something; `code` is its SQLSTATE. The fields are those of node-postgres. */
export declare class ServerError extends WalscopeError {
  readonly severity: string | null;
  readonly detail: string | null;
  readonly position: string | null;
  readonly where: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly constraint: string | null;
  readonly file: string | null;
  readonly line: string | null;
  readonly routine: string | null;
}

/** Bytes that cannot be what they should be. */
export declare class DecodeError extends WalscopeError {
  /** Where in the input, in bytes. */
  readonly offset: number | null;
  /** The LSN of the message, where it has one. */
  readonly lsn: string | null;
  /** `schema.table`, for an error in a row. */
  readonly relation: string | null;
  /** The column, for an error in a value. */
  readonly column: string | null;
  /** The first bad byte, counted within the value. */
  readonly position: number | null;
  /** The bytes in question. */
  readonly bytes: Uint8Array | null;
}

/** The server cannot be reached, or the connection broke. */
export declare class ConnectionError extends WalscopeError {}
