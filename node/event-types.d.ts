/** What happens to a stream beside its changes. */

import type { SlotInfo } from './server-types.js';

interface OfSlot {
  /** The stream's slot. */
  readonly slot: string;
}

/**
 * Somebody else has the slot, perhaps a consumer that is dead and that the server has not missed yet.
 * `client.stream()` waits for it, for as long as `wal_sender_timeout` of the server and 5 seconds.
 */
export interface SlotInUse extends OfSlot {
  readonly type: 'slotInUse';
  /** What the server says, with the process that has it. */
  readonly error: string;
  /** How often it was tried, the next time included. */
  readonly tries: number;
  /** In how many seconds that will be. */
  readonly delay: number;
}

/** The connection broke. Another one will be tried, unless `reconnect` is false. */
export interface Disconnected extends OfSlot {
  readonly type: 'disconnected';
  /** What went wrong. */
  readonly error: string;
}

/** The connection will be tried again. */
export interface Reconnecting extends OfSlot {
  readonly type: 'reconnecting';
  /** Why there is none. */
  readonly error: string;
  /** How often it was tried since it broke, the next time included. */
  readonly tries: number;
  /** In how many seconds that will be. */
  readonly delay: number;
}

/** There is a connection again, and the loop goes on. */
export interface Resumed extends OfSlot {
  readonly type: 'resumed';
  /** From where the server sends: what is confirmed. */
  readonly lsn: string;
}

/**
 * Something is wrong with the slot: told when it was not before, or was something else. `low`: less
 * than a fifth of the log that it may hold back is left (`max_slot_wal_keep_size`). `unreserved`: the
 * next checkpoint may remove what it needs. `lost`: it cannot be used any more. `missing`: it is gone.
 */
export interface SlotWarning extends OfSlot {
  readonly type: 'slotWarning';
  readonly risk: 'low' | 'unreserved' | 'lost' | 'missing';
  /** Null when the slot is missing. */
  readonly info: SlotInfo | null;
}

/** The slot could not be looked at; it is tried again. */
export interface SlotCheckFailed extends OfSlot {
  readonly type: 'slotCheckFailed';
  readonly error: Error;
}

/**
 * A remark of the server, such as the warning of PostgreSQL 18 that a publication of the stream is
 * missing. The fields are those of an error; those that it does not have are missing.
 */
export interface Notice extends OfSlot {
  readonly type: 'notice';
  readonly severity: string;
  /** A SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
}

export type StreamEvent =
  SlotInUse | Disconnected | Reconnecting | Resumed | SlotWarning | SlotCheckFailed | Notice;
