/**
 * walscope for Node: streams of changes from PostgreSQL, and a decoder of recordings.
 */

import type { Readable } from 'node:stream';
import type { AnyDatabase, Batch, Change, RawMessage, ValueOptions } from './decoding/types.js';
import type { BaseBackup, BaseBackupOptions } from './backup/types.js';
import type { StreamEvent } from './event-types.js';
import type { PhysicalOptions, PhysicalStream } from './physical/types.js';
import type {
  CreatedSlot,
  PublicationChange,
  PublicationDefinition,
  PublicationInfo,
  PublishedTable,
  SlotChanges,
  SlotInfo,
  SlotOptions,
  SlotPosition,
  Snapshot,
  SystemIdentity,
} from './server-types.js';

export type * from './backup/types.js';
export * from './decoding/types.js';
export type * from './event-types.js';
export type * from './physical/types.js';
export type * from './server-types.js';

/** Nothing to do here: `walscope-wasm` has to load its module first, and programs for both call this. */
export declare function init(): Promise<void>;

/** What holds for every stream of a client: how values are read, unless the stream says otherwise. */
export interface ClientOptions extends ValueOptions {
  /** Ends `connect()` before it is through: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Is told what happens to the client's streams of changes that have none. Default: nobody. */
  onEvent?: ((event: StreamEvent) => void) | undefined;
}

/**
 * Where the server is, and who we are: libpq's settings, under libpq's names. What is left out comes
 * from `PG*` variables of the environment, then from libpq's defaults.
 */
export interface ConnectOptions extends ClientOptions {
  /** All settings but the password as a URI or as keywords and values. */
  connectionString?: string | undefined;
  /**
   * A name, an address, or the folder of a Unix-domain socket. Default `localhost`. Several with commas
   * between are tried in turn: `a,b`.
   */
  host?: string | undefined;
  /** An address to connect to in the host's place, whose name stays for TLS. */
  hostaddr?: string | undefined;
  /** Default 5432. One for all hosts, or one for each: `5432,5433`. */
  port?: number | string | undefined;
  /** What the server has to be. A standby that was promoted is a primary. Default `any`. */
  target_session_attrs?:
    'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby' | undefined;
  /** The order in which servers are tried: theirs (`disable`, default), or another each time. */
  load_balance_hosts?: 'disable' | 'random' | undefined;
  /** A section of `~/.pg_service.conf` that has what is left out here. */
  service?: string | undefined;
  /** Another file in its place. */
  servicefile?: string | undefined;
  /** Default: the operating system's user. */
  user?: string | undefined;
  /** A function is asked anew for each connection, also when a stream comes back: tokens expire. */
  password?: string | (() => string | Promise<string>) | undefined;
  /** A file of passwords by server, read where none is given. Default `~/.pgpass`. */
  passfile?: string | undefined;
  /** Default: the user's name. */
  database?: string | undefined;
  /** The same under libpq's name. */
  dbname?: string | undefined;
  /** Default `prefer`. Only `verify-full` makes sure that the server is who it says. */
  sslmode?: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | undefined;
  /** A file of certificates in PEM form, or `system` for those of the operating system. */
  sslrootcert?: string | undefined;
  /** Our own certificate, in PEM form. Default `~/.postgresql/postgresql.crt`, if it is there. */
  sslcert?: string | undefined;
  /** Its private key. Default `~/.postgresql/postgresql.key`. */
  sslkey?: string | undefined;
  /** Whether a certificate is shown to a server that asks for one: `allow` (default) or `disable`. */
  sslcertmode?: string | undefined;
  /** Whether SCRAM is bound to the TLS connection: `disable`, `prefer` (default), `require`. */
  channel_binding?: string | undefined;
  /** The name in `pg_stat_activity`. Default `walscope`. */
  application_name?: string | undefined;
  /** The same for who was given no `application_name`. */
  fallback_application_name?: string | undefined;
  /** Command-line options for the server's session: `-c statement_timeout=5s`. */
  options?: string | undefined;
  /** Seconds; 0 is no limit. Default 30. */
  connect_timeout?: number | string | undefined;
  /** Whether TCP keepalives are sent: 1 (default) or 0. */
  keepalives?: number | string | undefined;
  /** Seconds of silence before the first of them. Default: the system's. */
  keepalives_idle?: number | string | undefined;
  /** Seconds between them. Default: the system's. */
  keepalives_interval?: number | string | undefined;
  /** How many may be lost. Default: the system's. */
  keepalives_count?: number | string | undefined;
  /** Milliseconds that what was sent may stay unanswered by the other machine. Default: the system's. */
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

/** What a stream of any plugin can be told. */
export interface AnyStreamOptions extends ValueOptions {
  /** The replication slot. */
  slot: string;
  /** Create the slot if it is missing. Default false. */
  createSlot?: boolean | undefined;
  /** Create it as a temporary one, which ends with the connection. Default false. */
  temporary?: boolean | undefined;
  /**
   * An LSN to start from, such as a checkpoint of the program's own. Before what the slot's consumer
   * has confirmed nothing is sent any more. Default: where that is.
   */
  start?: string | undefined;
  /** Whether an idle slot may advance to where the server has looked. Default true. */
  idleAdvance?: boolean | undefined;
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
  /**
   * Is told what happens to the connection, to the slot, and what the server remarks. When it throws,
   * the stream ends with its error. Default: the client's.
   */
  onEvent?: ((event: StreamEvent) => void) | undefined;
  /**
   * How often the slot is looked at for `slotWarning`, in seconds, by the client's SQL connection;
   * 0: never. Only with `onEvent`. Default 60.
   */
  slotCheckInterval?: number | undefined;
}

/** A stream of pgoutput, whose messages are decoded. */
export interface StreamOptions extends AnyStreamOptions {
  /** Default `pgoutput`. */
  plugin?: 'pgoutput' | undefined;
  /** The publications' names. */
  publications: readonly string[];
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
  /** Every message as it came. Default false. */
  raw?: boolean | undefined;
  /**
   * Bytes of memory that pieces may take that wait for their transaction's end; what is over it
   * waits in files. Default 8 MiB.
   */
  memory?: number | undefined;
  /** Where these files are made. Default: the system's directory for temporary files. */
  spillDirectory?: string | undefined;
}

/** A stream of another plugin, such as `test_decoding` or `wal2json`, whose messages are not decoded. */
export interface PluginStreamOptions extends AnyStreamOptions {
  /** The output plugin, which the slot must have. With `createSlot` it is created with it. */
  plugin: string;
  /** Its options, by its own names. Default: none. */
  pluginOptions?: { readonly [name: string]: string | number | boolean } | undefined;
  /** What the messages' `data` are. `text` must be UTF-8. Default `text`. */
  pluginOutput?: 'text' | 'bytes' | undefined;
}

/** Settings, and a connection to ask by SQL. Every stream has a connection of its own. */
declare class Client implements AsyncDisposable {
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
  /** Opens a stream of another plugin. */
  stream(
    options: PluginStreamOptions & { pluginOutput: 'bytes' },
  ): Promise<PluginStream<Uint8Array>>;
  stream(
    options: PluginStreamOptions & { pluginOutput?: 'text' | undefined },
  ): Promise<PluginStream<string>>;
  /**
   * Opens a stream of the log itself, as a standby receives it. The role needs `REPLICATION`, and a
   * line for the database `replication` in `pg_hba.conf`.
   */
  physical(options?: PhysicalOptions): Promise<PhysicalStream>;
  /** Which server this is, and how far its log is. */
  identifySystem(): Promise<SystemIdentity>;
  /**
   * Starts a base backup: a copy of the whole cluster, taken while it works. It has a connection of its
   * own, with the client's settings; the role needs `REPLICATION` (or to be a superuser), and
   * `pg_hba.conf` a line for `replication`. Resolves when the server's checkpoint is done.
   */
  baseBackup(options?: BaseBackupOptions): Promise<BaseBackup>;
  /** All slots of the server, by name, with their health. */
  slots(): Promise<SlotInfo[]>;
  /** A slot; null when there is none of this name. */
  slot(name: string): Promise<SlotInfo | null>;
  /**
   * Creates a logical slot. The server waits for all transactions to end that are under way. (A
   * temporary one ends with its connection: it is an option of `stream()`.)
   */
  createSlot(name: string, options?: SlotOptions): Promise<CreatedSlot>;
  /** The same, with a snapshot to copy tables in before streaming begins. */
  exportSnapshot(name: string, options?: SlotOptions): Promise<Snapshot>;
  /** Creates a physical slot. `reserveWal`: it holds the log back from now on. Default false. */
  createPhysicalSlot(name: string, options?: { reserveWal?: boolean | undefined }): Promise<void>;
  /** Alters a logical slot that nobody uses. */
  alterSlot(name: string, changes: SlotChanges): Promise<void>;
  /** Where a physical slot is (PostgreSQL 15); null when there is none of this name. */
  readSlot(name: string): Promise<SlotPosition | null>;
  /**
   * Drops a slot; false when there was none. Without `ifExists` that is an error, without `wait` a
   * slot that somebody uses (SQLSTATE 55006). Waiting ends when the client is closed.
   */
  dropSlot(
    name: string,
    options?: { wait?: boolean | undefined; ifExists?: boolean | undefined },
  ): Promise<boolean>;
  /** All publications of the database, by name. */
  publications(): Promise<PublicationInfo[]>;
  /** The tables whose changes a publication publishes now. */
  publishedTables(name: string): Promise<(PublishedTable & { schema: string })[]>;
  createPublication(name: string, definition?: PublicationDefinition): Promise<void>;
  /** Alters a publication in one way. Streams see it from its place in the log on. */
  alterPublication(name: string, change: PublicationChange): Promise<void>;
  /** Drops a publication. Streams of it fail, or from PostgreSQL 18 on are silent about its tables. */
  dropPublication(name: string, options?: { ifExists?: boolean | undefined }): Promise<void>;
  /**
   * Closes the connection. Streams go on, but their slots are watched no more; what else is under way
   * rejects with `WALSCOPE_CLOSED`.
   */
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
declare class Stream<C = Change> implements AsyncIterable<C>, AsyncDisposable {
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
   * The changes as a stream of Node. It reads ahead, so that it is for manual acknowledgement only;
   * with automatic it throws. Destroying it ends this stream and confirms nothing.
   *
   * @param options `highWaterMark`: how many changes are read ahead, 16 by default
   */
  toReadable(options?: { highWaterMark?: number | undefined }): Readable;
  /** The same as a stream of the web. Cancelling it ends this stream. */
  toReadableStream(options?: { highWaterMark?: number | undefined }): ReadableStream<C>;
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
declare class Transaction<C = Change> implements AsyncIterable<
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

/** A message of another plugin than pgoutput. `JSON.stringify` gives the command line's line. */
declare class PluginMessage<D extends string | Uint8Array = string> {
  private constructor();
  readonly kind: 'data';
  /** Null where the server sends none. */
  readonly lsn: string | null;
  /** What the plugin has written. */
  readonly data: D;
  toJSON(): unknown;
}

/** Messages that came together. */
declare class PluginBatch<D extends string | Uint8Array = string> implements Iterable<
  PluginMessage<D>
> {
  private constructor();
  readonly length: number;
  [Symbol.iterator](): IterableIterator<PluginMessage<D>>;
}

/**
 * A stream of another plugin than pgoutput. Every message is confirmed for itself: automatically when
 * the next is asked for.
 */
declare class PluginStream<D extends string | Uint8Array = string>
  implements AsyncIterable<PluginMessage<D>>, AsyncDisposable
{
  private constructor();
  readonly startLsn: string;
  readonly remarks: string[];
  [Symbol.asyncIterator](): AsyncIterableIterator<PluginMessage<D>>;
  batches(): AsyncIterableIterator<PluginBatch<D>>;
  toReadable(options?: { highWaterMark?: number | undefined }): Readable;
  toReadableStream(options?: {
    highWaterMark?: number | undefined;
  }): ReadableStream<PluginMessage<D>>;
  acknowledge(done: PluginMessage<D> | PluginBatch<D> | string): string | null;
  status(): StreamStatus;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// Only `connect` and what it gives make these: they are types, no values of the package.
export type { Client, Stream, Transaction, PluginMessage, PluginBatch, PluginStream };
