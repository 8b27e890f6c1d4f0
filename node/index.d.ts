/**
 * walscope for Node: streams of changes from PostgreSQL, and a decoder of recordings.
 */

import type { AnyDatabase, Batch, Change, RawMessage, ValueOptions } from './decoding/types.js';

export * from './decoding/types.js';

/** Nothing to do here: `walscope-wasm` has to load its module first, and programs for both call this. */
export declare function init(): Promise<void>;

/** What holds for every stream of a client: how values are read, unless the stream says otherwise. */
export interface ClientOptions extends ValueOptions {
  /** Ends `connect()` before it is through. */
  signal?: AbortSignal | undefined;
}

/** Where the server is, and who we are: libpq's settings, under libpq's names. */
export interface ConnectOptions extends ClientOptions {
  /** All settings but the password as a URI or as keywords and values. */
  connectionString?: string | undefined;
  host?: string | undefined;
  hostaddr?: string | undefined;
  port?: number | string | undefined;
  user?: string | undefined;
  /** A function is asked anew for each connection: tokens expire. */
  password?: string | (() => string | Promise<string>) | undefined;
  database?: string | undefined;
  dbname?: string | undefined;
  sslmode?: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | undefined;
  /** A file of certificates, or `system`. */
  sslrootcert?: string | undefined;
  channel_binding?: string | undefined;
  application_name?: string | undefined;
  fallback_application_name?: string | undefined;
  /** Command-line options for the server's session. */
  options?: string | undefined;
  /** Seconds; 0 is no limit. Default 30. */
  connect_timeout?: number | string | undefined;
  keepalives?: number | string | undefined;
  keepalives_idle?: number | string | undefined;
  keepalives_interval?: number | string | undefined;
  keepalives_count?: number | string | undefined;
  tcp_user_timeout?: number | string | undefined;
}

/**
 * Opens a connection.
 *
 * @param target a connection string as libpq reads it, or settings
 */
export declare function connect(
  target: string | ConnectOptions,
  options?: ClientOptions,
): Promise<Client>;

export interface StreamOptions extends ValueOptions {
  /** The replication slot. */
  slot: string;
  /** The publications' names. */
  publications: readonly string[];
  /** Create the slot if it is missing. Default false. */
  createSlot?: boolean | undefined;
  /** Create it as a temporary one, which ends with the connection. Default false. */
  temporary?: boolean | undefined;
  /** Where to start. Default: where the slot's consumer has confirmed. */
  start?: string | undefined;
  /** The protocol's version. Default: the lowest that the other options need. */
  protocol?: 1 | 2 | 3 | 4 | undefined;
  /**
   * Whether the server sends large transactions before they end, in pieces. They come out whole at
   * their end all the same, unless `raw` is set. Default `off`.
   */
  streaming?: 'off' | 'on' | 'parallel' | undefined;
  /**
   * Ask for values in binary form. User-defined types are bytes then, unless `typeTable` has them.
   * Default false.
   */
  binary?: boolean | undefined;
  /** Ask for transactions when they are prepared. Marks the slot for good. Default false. */
  twoPhase?: boolean | undefined;
  /** Ask for messages of `pg_logical_emit_message`. Default false. */
  messages?: boolean | undefined;
  /** Which origins to include, from PostgreSQL 16 on. Default: the server's. */
  origin?: 'any' | 'none' | undefined;
  /** Whether an idle slot may advance to where the server has looked. Default true. */
  idleAdvance?: boolean | undefined;
  /** Every message as it came. Default false. */
  raw?: boolean | undefined;
  /**
   * Bytes of memory that pieces may take that wait for their transaction's end; what is over it
   * waits in files. Default 8 MiB.
   */
  memory?: number | undefined;
  /** Where these files are made. Default: the system's directory for temporary files. */
  spillDirectory?: string | undefined;
  /**
   * Whether a broken connection is replaced, with growing waits between the tries. The loop goes on
   * where it was, and sees nothing of it. Times are seconds: no wait is longer than `longestDelay`
   * (30), and after `giveUpAfter` without a connection (default: never) the last error ends the
   * stream. A slot that is in use at the start, by a dead consumer perhaps, is waited for in the same
   * way, but no longer than the server's `wal_sender_timeout` and 5 s. Default true.
   */
  reconnect?:
    boolean | { longestDelay?: number | undefined; giveUpAfter?: number | undefined } | undefined;
  /**
   * After so many seconds of silence the server is asked for a sign of life; without one it counts
   * as dead 10 s later. Default 30.
   */
  stallTimeout?: number | undefined;
  /** The largest message that is accepted, in bytes. Default: PostgreSQL's own limit, 1 GiB. */
  maxMessage?: number | undefined;
  /**
   * `auto`: a transaction is confirmed when the item after its end is asked for. `manual`: by
   * `stream.acknowledge()` alone. Default `auto`.
   */
  acknowledge?: 'auto' | 'manual' | undefined;
  /** Ends the stream: the pending or next `next()` rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/** Settings, and a connection to ask by SQL. Every stream has a connection of its own. */
export declare class Client implements AsyncDisposable {
  private constructor();
  /**
   * Opens a stream of changes. `DB` has the rows' types by `table` or `schema.table`.
   */
  stream<DB extends object = AnyDatabase>(
    options: StreamOptions & { raw: true },
  ): Promise<Stream<RawMessage<DB>>>;
  stream<DB extends object = AnyDatabase>(
    options: StreamOptions & { raw?: false | undefined },
  ): Promise<Stream<Change<DB>>>;
  stream<DB extends object = AnyDatabase>(options: StreamOptions): Promise<Stream<RawMessage<DB>>>;
  /** Closes the connection. Streams go on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How far a stream is. */
export interface StreamStatus {
  /** The end of what was received. */
  receivedLsn: string;
  /** The end of what is confirmed. */
  flushedLsn: string;
  /** Bytes read from the server. */
  bytes: number;
  /** How many bytes of the log were received and are not confirmed. */
  lagBytes: number;
  /**
   * How long ago the oldest transaction ended that was received and is not confirmed, by the
   * server's clock and ours; 0 when there is none.
   */
  lagSeconds: number;
  /** Messages read from the server. */
  messages: number;
  /** Inserts, updates, deletes and truncates among them, those that came again included. */
  changes: number;
  /** Ends of transactions, and messages outside of any, that were received. */
  receivedItems: number;
  /** Those that are confirmed. */
  confirmedItems: number;
  /** Bytes that wait for the consumer. */
  bufferedBytes: number;
  /** Bytes of transactions in pieces that wait for their end, in memory. */
  heldBytes: number;
  /** The same in files. */
  spilledBytes: number;
  /** Status updates sent to the server. */
  statusUpdates: number;
  /** How late one of them left, at most. Near `wal_sender_timeout`, the process did not get to run. */
  feedbackDelaySeconds: number;
  /** Whether there is a connection now. */
  connected: boolean;
  /** How often the stream came back after its connection broke. */
  reconnects: number;
  /**
   * What the server has remarked on this stream, the newest 256 at most: such as the warning of
   * PostgreSQL 18 that a publication of the stream is missing: its rows are not sent.
   */
  notices: string[];
}

/** A stream of changes: one connection, one consumer. */
export declare class Stream<C = Change> implements AsyncIterable<C>, AsyncDisposable {
  private constructor();
  /** From where on the stream has every change. */
  readonly startLsn: string;
  /** What there is to say about the start, such as that the slot was created. */
  readonly remarks: string[];
  /** The changes, one after the other. */
  [Symbol.asyncIterator](): AsyncIterableIterator<C>;
  /** The changes as they came, many at a time: the fast road. */
  batches(): AsyncIterableIterator<Batch<C>>;
  /**
   * Transaction after transaction. Asking for the next discards what was not read of this one, and
   * confirms it.
   */
  transactions(): AsyncIterableIterator<Transaction<C>>;
  /**
   * Tells the server that everything is done that ended at or before this. A string is an LSN.
   *
   * @returns the LSN that is confirmed now; null when none is yet
   */
  acknowledge(done: C | Batch<C> | Transaction<C> | string): string | null;
  status(): StreamStatus;
  /** Ends the stream; resolves when the socket is closed. What was not confirmed comes again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A transaction: its changes, to be read once. A message outside of any transaction, and the later
 * fate of a prepared one, come as transactions of one change.
 */
export declare class Transaction<C = Change> implements AsyncIterable<
  Exclude<C, { kind: 'begin' | 'commit' | 'prepare' }>
> {
  private constructor();
  readonly xid: number | null;
  readonly commitLsn: string | null;
  readonly commitTime: string | null;
  readonly prepareLsn: string | null;
  readonly gid: string | null;
  readonly origin: string | null;
  /** Where the transaction's end lies; null until it has been read. */
  readonly endLsn: string | null;
  [Symbol.asyncIterator](): AsyncIterableIterator<
    Exclude<C, { kind: 'begin' | 'commit' | 'prepare' }>
  >;
  batches(): AsyncIterableIterator<Batch<C>>;
  /** All changes. Throws when they are more than `maxBytes` of messages: 64 MiB by default. */
  toArray(options?: {
    maxBytes?: number | undefined;
  }): Promise<Exclude<C, { kind: 'begin' | 'commit' | 'prepare' }>[]>;
}
