/**
 * The types of the log's half that both packages share: reader, batches, records.
 */

export {
  ConnectionError,
  DecodeError,
  ServerError,
  WalscopeError,
  lsn,
} from '../decoding/types.js';
export type { ByteStream, ErrorCode } from '../decoding/types.js';

import type { ByteStream, DecodeError } from '../decoding/types.js';

/** What a reader of the log is told. All of it can be left out: the first page says what it is. */
export interface WalOptions {
  /** Records that begin before are not given. If no record begins here, the next one is the first. */
  start?: string | bigint | undefined;
  /** Bytes here and behind are not looked at, as with `pg_waldump --end`. */
  end?: string | bigint | undefined;
  /**
   * Where the first chunk belongs in the log. Default: what its first page says. An input that does
   * not begin with a page has to say it, and is skipped up to its first page.
   */
  input?: string | bigint | undefined;
  /** The major version: 14 to 18. Default: what the first page says; another one is an error. */
  version?: number | undefined;
  /** The size of segments in bytes. Default: what the first page of a segment says. */
  segmentSize?: number | undefined;
  /** The timeline in the file names of errors. Default: that of the last page. */
  timeline?: number | undefined;
  /** The database system that the log must be of. Default: any. */
  systemIdentifier?: string | bigint | undefined;
  /** The largest record that is held, in bytes. Default 64 MiB; PostgreSQL's limit is 1020 MiB. */
  maxBytes?: number | undefined;
  /**
   * `throw` (default): an error is thrown by the iteration that comes to it, and what follows is not
   * read. `include`: it is an entry of kind `error`, and reading goes on behind it.
   */
  errors?: 'throw' | 'include' | undefined;
  /**
   * What looks like the end of the log (an empty page, or one of an older time, as in the last segment
   * of a running server): an error of the code `WALSCOPE_WAL_END` like any other, as `pg_waldump` has
   * it (default), or simply the end.
   */
  endOfLog?: 'throw' | 'stop' | undefined;
}

/** A relation's block: the numbers that `pg_class.relfilenode` and its like have. */
export interface WalBlockReference {
  tablespace: number;
  database: number;
  relation: number;
  /** `main`, `fsm`, `vm`, `init`; a number where it has no name. */
  fork: string | number;
  /** The number of the block in its fork. */
  block: number;
}

/** A block that a record is about. */
export interface WalBlock extends WalBlockReference {
  /** The number of the reference in its record. */
  id: number;
  /** Whether redo makes the page anew. */
  willInit: boolean;
  /** Bytes of the block's own data. */
  dataLength: number;
  /** The page's image, where there is one. */
  image?: {
    /** Bytes in the record. */
    length: number;
    /** The part of the page that was left out, for it is zeros. */
    holeOffset: number;
    holeLength: number;
    compression?: 'pglz' | 'lz4' | 'zstd';
    /** Whether redo puts it in the page's place; else it is there to be compared with. */
    apply: boolean;
  };
}

/**
 * A field of a record, or several: with `value`, with `children`, or with neither where bytes are not
 * taken apart.
 */
export interface WalNode {
  /** Its name; an item of a list has none. */
  name?: string;
  /** Where its bytes begin in the record's. */
  start: number;
  /** Where they end. */
  end: number;
  /**
   * A number or a boolean as it is, an LSN or a time (ISO 8601) as text, a thing that has a name as
   * that, flags as a list of names. A number that a double cannot hold is text; a text that is not
   * UTF-8 is `{ $bytes: hex }`.
   */
  value?: string | number | boolean | (string | number)[] | { $bytes: string };
  children?: WalNode[];
}

/** A record of the log. It keeps the batch that it is from. The names are those of `--format json`. */
export declare class WalRecord {
  private constructor();
  readonly kind: 'record';
  /** Where it begins. */
  readonly startLsn: string;
  /** Where the next one begins, but for a page's header. */
  readonly endLsn: string;
  /** Where the one before begins. */
  readonly prevLsn: string;
  /** The timeline of the page that it ends on. */
  readonly timeline: number;
  /** The transaction; 0 without one. */
  readonly xid: number;
  /** The transaction that this one belongs to; null where it is not said. */
  readonly toplevelXid: number | null;
  /** The replication origin; null without one. */
  readonly origin: number | null;
  /** The resource manager's name, such as `Heap`; `custom128` of an extension's. */
  readonly resourceManager: string;
  /** The resource manager's number. */
  readonly rmgrId: number;
  /** All of `xl_info`. */
  readonly info: number;
  /** What kind of record it is, such as `INSERT+INIT`. */
  readonly recordType: string;
  /** Bytes of the whole record. */
  readonly recordLength: number;
  /** Bytes that the resource manager wrote for the whole record. */
  readonly mainDataLength: number;
  /** Bytes of page images. */
  readonly fpiLength: number;
  /** How many blocks it is about. */
  readonly blockCount: number;
  /** The first of them, which costs next to nothing; null without one. */
  readonly firstBlock: WalBlockReference | null;
  /** All of them. */
  readonly blocks: WalBlock[];
  /**
   * What it says, as `pg_waldump` of its version prints it; times are UTC. What is not UTF-8 in it
   * becomes U+FFFD.
   */
  readonly description: string;
  /** Its bytes without the headers of the pages that it lies on: a view of the batch's. */
  readonly bytes: Uint8Array;
  /** Where its bytes begin in the chunk that was pushed; null where they do not lie there in one piece. */
  readonly chunkOffset: number | null;
  /** What the resource manager wrote for the whole record: a view. */
  readonly mainData: Uint8Array;
  /** What the resource manager wrote for a block, by the reference's `id`: a view; null without any. */
  blockData(id: number): Uint8Array | null;
  /**
   * The page whose image a block reference has: 8192 bytes, decompressed, its hole filled with zeros.
   * Throws a `DecodeError` where there is no image, or it cannot be decompressed.
   */
  page(id: number): Uint8Array;
  /** All of its fields, with the bytes that each is made of. */
  tree(): WalNode;
  /** The line that `pg_waldump` prints of it, with times in UTC. */
  toString(): string;
  /**
   * What `walscope waldump --format json` prints of it: its properties, and as `data` the values of its
   * fields and of its blocks' fields. Times are UTC.
   */
  toJSON(): object;
}

/** What is wrong with the log, as an entry. */
export interface WalProblem {
  kind: 'error';
  error: DecodeError;
}

/**
 * The records that end in a chunk. Their bytes and the table over them are all that it holds, however
 * many records there are.
 */
export declare class WalBatch<E = WalRecord> implements Iterable<E> {
  private constructor();
  /** The chunk, and behind it the records that do not lie in it in one piece. */
  readonly bytes: Uint8Array;
  /** Core's table. */
  readonly index: Int32Array;
  /** How many entries there are: records, and an error for which there is one. */
  readonly length: number;
  /** Where the chunk's first byte belongs; null while that is not known. */
  readonly startLsn: string | null;
  /** Where the next chunk's first byte belongs; null while that is not known. */
  readonly endLsn: string | null;
  /** The error that the last entry is; null where it is none. */
  readonly error: DecodeError | null;
  /** An entry by its number. Throws the error that it is, as the iteration does. */
  at(number: number): E | undefined;
  /** Throws the error that ends this batch, if it is to be thrown: for who does not iterate it. */
  check(): void;
  [Symbol.iterator](): Iterator<E>;
}

/** Reads the log from chunks: files, their parts, what a replication connection sends. */
export declare class WalReader<E = WalRecord> {
  constructor(options: WalOptions & { errors: 'include' });
  constructor(options?: WalOptions);
  /** The major version that wrote the log; null while no page has said it. */
  readonly version: number | null;
  /** The size of segments in bytes; null while no page has come. */
  readonly segmentSize: number | null;
  /** The timeline of the last page; null while none has come. */
  readonly timeline: number | null;
  /** Where the next byte belongs; null while that is not known. */
  readonly position: string | null;
  /** The record whose beginning has come but not its end; null without one. */
  readonly pending: string | null;
  /** The last record that was given up because the log says that its rest was never written. */
  readonly overwritten: string | null;
  /** Whether nothing that may follow will be looked at: `end` is reached, or an error. */
  readonly done: boolean;
  /**
   * Takes the next chunk, cut anywhere and of at most 256 MiB, and gives the records that end in it.
   * The chunk is copied. Memory is that of the chunk, its table, and a record that has not ended.
   */
  push(chunk: Uint8Array): WalBatch<E>;
  /**
   * The log is complete. Throws a `DecodeError` when it ends within a page. A record that goes on in a
   * segment that was not given is no error: `pending` has it.
   */
  end(): void;
  /** Gives the memory back now instead of when the reader is collected. */
  free(): void;
}

/** What statistics are asked for. */
export interface WalStatsOptions extends WalOptions {
  /**
   * What the rows are of. `rmgr` (default): resource managers, `pg_waldump --stats`. `record`: kinds of
   * records, `--stats=record`. `relation`: relations, a page image for its own. `transaction`: xids,
   * those of subtransactions with their transaction. `time`: minutes of commits and aborts.
   */
  by?: 'rmgr' | 'record' | 'relation' | 'transaction' | 'time' | undefined;
}

/** A row of statistics. */
export interface WalCount {
  /** Such as `Heap`, `Heap/INSERT`, `1663/5/16384`, `742`, `2026-11-22 10:00`. */
  name: string;
  records: number;
  /** Without page images. */
  recordBytes: number;
  /** Of page images. */
  fpiBytes: number;
}

/** Statistics of the log. */
export interface WalStatistics {
  by: 'rmgr' | 'record' | 'relation' | 'transaction' | 'time';
  /** The major version that wrote the log; null without a page. */
  version: number | null;
  /** Where the first record begins that was counted; null without one. */
  startLsn: string | null;
  /** Where the last one ends. */
  endLsn: string | null;
  /** Relations and transactions by their bytes, the largest first; the others in their order. */
  rows: WalCount[];
  total: WalCount;
  /** The table that `pg_waldump` of the log's version, or `walscope waldump --by`, prints. */
  table: string;
  /** With `errors: 'include'`: what was wrong, the first hundred of it. */
  errors: DecodeError[];
  /** How many errors there were behind them. */
  moreErrors: number;
}

/** What resource managers, kinds of records, relations, transactions or minutes take up in the log. */
export declare function walStats(
  input: Uint8Array | ArrayBuffer,
  options?: WalStatsOptions,
): WalStatistics;
export declare function walStats(
  input: ByteStream,
  options?: WalStatsOptions,
): Promise<WalStatistics>;
