/** The log itself from a server, as a standby receives it: `client.physical()`. */

import type { Readable } from 'node:stream';
import type {
  Disconnected,
  Notice,
  Reconnecting,
  Resumed,
  SlotCheckFailed,
  SlotWarning,
} from '../event-types.js';

/** Where a stream of the log starts and ends, and how it behaves. */
export interface PhysicalOptions {
  /**
   * A physical slot: the server keeps the log from where this stream has reported `flushed`. Without
   * one it may remove log that was not sent yet, and the stream ends with `WALSCOPE_WAL_REMOVED`.
   */
  slot?: string | undefined;
  /** Create the slot if it is missing; it holds the log back from then on. Default false. */
  createSlot?: boolean | undefined;
  /**
   * An LSN to start from, best the beginning of a segment. Default: where the slot holds the log back
   * (PostgreSQL 15), or else the server's present position; of both the beginning of its segment.
   */
  start?: string | undefined;
  /** On which timeline `start` is. Only with `start`. Default: the server's present one. */
  timeline?: number | undefined;
  /**
   * An LSN to stop at: the last chunk ends there, or where there is none any more, and the loop is
   * done. The stream stays open, for `report()`, until `close()`. Default: it goes on for ever.
   */
  until?: string | undefined;
  /**
   * The longest time between two status updates to the server, in seconds; 0: only when there is news,
   * or when it asks. Default: a third of the server's `wal_sender_timeout`, and at most 10.
   */
  statusInterval?: number | undefined;
  /**
   * After so many seconds of silence the server is asked for a sign of life; without one it counts as
   * dead 10 s later. Default 30.
   */
  stallTimeout?: number | undefined;
  /**
   * Bytes that may wait for the consumer: reading stops there, and the server waits. What one read
   * brings, 1 MiB, may come on top. Default 4 MiB.
   */
  buffer?: number | undefined;
  /**
   * Whether a broken connection is replaced, with growing waits between the tries. The loop goes on
   * where it was, and sees nothing of it. Times are seconds: no wait is longer than `longestDelay`
   * (30), and after `giveUpAfter` without a connection (default: never) the last error ends the stream.
   * Default true.
   */
  reconnect?:
    boolean | { longestDelay?: number | undefined; giveUpAfter?: number | undefined } | undefined;
  /** Ends the stream: the pending or next `next()` rejects with its reason. */
  signal?: AbortSignal | undefined;
  /**
   * Is told what happens to the connection, to the slot, and what the server remarks. When it throws,
   * the stream ends with its error. Default: nobody; the client's is for streams of changes.
   */
  onEvent?: ((event: PhysicalStreamEvent) => void) | undefined;
  /**
   * How often the slot is looked at for `slotWarning`, in seconds, by the client's SQL connection;
   * 0: never. Only with `onEvent` and `slot`. Default 60.
   */
  slotCheckInterval?: number | undefined;
}

/**
 * Bytes of the log, as the server has them in a segment. They begin where those before ended, but
 * behind a `WalTimeline`, and never go beyond the end of a segment. A chunk has what was there when it
 * was asked for, some hundred KiB at most.
 */
export interface WalChunk {
  readonly kind: 'wal';
  readonly timeline: number;
  /** Where its first byte belongs. */
  readonly startLsn: string;
  /** Where the byte behind its last belongs: what to report once it is written, flushed, applied. */
  readonly endLsn: string;
  /** The name of the segment's file, such as `000000010000000000000037`. */
  readonly segment: string;
  /** Where in that file its first byte belongs. */
  readonly segmentOffset: number;
  /** The end of the log on the server, as it said. */
  readonly serverEndLsn: string;
  /** The server's clock when it sent this: ISO 8601. */
  readonly serverTime: string;
  /** The bytes, in memory of their own. */
  readonly bytes: Uint8Array;
}

/** A standby was promoted: the timeline has ended, and the log goes on on another. */
export interface WalTimeline {
  readonly kind: 'timeline';
  /** The timeline that has ended. */
  readonly endedTimeline: number;
  /** The one that the log goes on on. */
  readonly timeline: number;
  /** Where it begins. What came of the old one beyond does not belong to the new one. */
  readonly switchLsn: string;
  /** Where the next chunk begins: with the segment of `switchLsn`, of which the new timeline has its own. */
  readonly startLsn: string;
  /** The new timeline's history file, which belongs into an archive. */
  readonly history: {
    /** Such as `00000002.history`. */
    readonly name: string;
    readonly content: string;
  };
}

/**
 * The server asks how far this consumer is: before it is shut down it waits until everything is
 * flushed, or, for who reports no `flushed`, written. Whoever can flush what came before this should,
 * and report it.
 */
export interface WalFlushWanted {
  readonly kind: 'flushWanted';
}

export type WalEvent = WalChunk | WalTimeline | WalFlushWanted;

/** How far a consumer of the log is: LSNs, of which none may lie beyond what it was given. */
export interface WalPositions {
  /** The end of what is written: `synchronous_commit = remote_write` waits for it. */
  written?: string | undefined;
  /**
   * The end of what would survive a power cut: `synchronous_commit = on` waits for it, and the server
   * may remove what the slot holds back before it.
   */
  flushed?: string | undefined;
  /** The end of what queries see: `synchronous_commit = remote_apply` waits for it. */
  applied?: string | undefined;
}

/**
 * Which rows a standby's queries still need. Transaction ids have 64 bits, with their epoch:
 * `BigInt()` of what `pg_current_xact_id()` gives as text.
 */
export interface StandbyNeeds {
  /** The oldest transaction whose rows are needed. Default 0n: none. */
  xmin?: bigint | undefined;
  /** The same for the system catalogs, which logical slots of the standby need. Default 0n: none. */
  catalogXmin?: bigint | undefined;
}

/** How a stream of the log is. */
export interface PhysicalStatus {
  /** The timeline of what was received last. */
  timeline: number;
  /** The end of what was received. */
  receivedLsn: string;
  /** The end of what the consumer was given; of `toReadable()`, of what has left its buffer. */
  deliveredLsn: string;
  /** What the server is told: the end of what is written. */
  writtenLsn: string | null;
  /** The end of what is flushed; null: nothing was reported. */
  flushedLsn: string | null;
  /** The end of what is applied; null: nothing was reported. */
  appliedLsn: string | null;
  /** The end of the log on the server, as it said last; null before it did. */
  serverEndLsn: string | null;
  /** How many bytes of log the consumer is behind that. */
  lagBytes: number;
  /** Bytes read from the server. */
  bytes: number;
  /** Bytes that wait for the consumer. */
  bufferedBytes: number;
  /** Status updates sent to the server. */
  statusUpdates: number;
  /** Whether there is a connection now. */
  connected: boolean;
  /** How often the stream came back after its connection broke. */
  reconnects: number;
  /** What the server has remarked on this stream, the newest 256 at most. */
  notices: string[];
}

/** A stream without a slot has none to name. */
type Slotless<E> = Omit<E, 'slot'> & { readonly slot: string | null };

/** `WalFlushWanted`, for who reads bytes from `toReadable()` or `toReadableStream()`. */
export interface FlushWanted {
  readonly type: 'flushWanted';
  readonly slot: string | null;
}

/** What happens to a stream of the log beside the log. `resumed` says from where the server sends. */
export type PhysicalStreamEvent =
  | Slotless<Disconnected>
  | Slotless<Reconnecting>
  | Slotless<Resumed>
  | Slotless<Notice>
  | SlotWarning
  | SlotCheckFailed
  | FlushWanted;

/**
 * The log itself: one connection, one consumer.
 *
 * What the server is told of the consumer comes from `report()`. Until that is called for the first
 * time, what was given counts as written (and as nothing else) when more is asked for: a server that is
 * shut down waits for that, and so does not wait for who only watches. `flushed` and `applied` come
 * from `report()` alone.
 */
export declare class PhysicalStream implements AsyncIterable<WalEvent>, AsyncDisposable {
  private constructor();
  /** What identifies the cluster and all its copies: 64 bits, as decimal text. */
  readonly systemId: string;
  /** The timeline that the stream begins on. */
  readonly timeline: number;
  /** Where it begins. */
  readonly startLsn: string;
  /** The size of the server's segments in bytes. */
  readonly segmentSize: number;
  /** Whether the slot was created for this stream. */
  readonly slotCreated: boolean;
  /**
   * The log in chunks, and what happens to it. Leaving the loop ends the stream and reports nothing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<WalEvent>;
  /**
   * The bytes of the present timeline as a stream of Node. It ends where the timeline does (a
   * `WalTimeline` is what the loop gives next then, or, if `toReadable()` is called again, the bytes
   * of the next one), at `until`, and when the stream is closed. Destroying it before ends the stream.
   * What it reads ahead counts as given when it has left its buffer.
   *
   * @param options `highWaterMark`: how many bytes are read ahead, about: 256 KiB by default
   */
  toReadable(options?: { highWaterMark?: number | undefined }): Readable;
  /** The same as a stream of the web. Cancelling it before its end ends the stream. */
  toReadableStream(options?: { highWaterMark?: number | undefined }): ReadableStream<Uint8Array>;
  /**
   * Tells the server how far the consumer is. What is left out stays as it was, but that what is
   * flushed or applied is written. News of `flushed` and `applied` leaves at once, of `written` within
   * 10 ms. The server takes it for the truth: commits that wait for a synchronous standby go on, and
   * log is removed. Throws `WALSCOPE_ACK_AHEAD` for a position beyond what was given.
   */
  report(positions: WalPositions): void;
  /**
   * Tells the server which rows the queries of a standby need, so that it does not clean them away; it
   * is said again with every regular status update. `null` takes back what was said.
   */
  hotStandbyFeedback(needs: StandbyNeeds | null): void;
  status(): PhysicalStatus;
  /** Ends the stream; resolves when the last report was sent and the socket is closed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
