/** What a client asks and tells a server beside streaming: its identity, slots, publications. */

/** The answer to `IDENTIFY_SYSTEM`. */
export interface SystemIdentity {
  /** What identifies the cluster and all its copies: 64 bits, as decimal text. */
  systemId: string;
  /** The timeline that the server writes. */
  timeline: number;
  /** How far the server has flushed its log. */
  flushedLsn: string;
  /** The connection's database. */
  database: string | null;
}

/**
 * A replication slot, with what it means for the server's disk. What is NULL, and what the server's
 * version does not have, is null or false.
 */
export interface SlotInfo {
  /** Its name. */
  slot: string;
  type: 'logical' | 'physical';
  /** The output plugin of a logical slot. */
  plugin: string | null;
  /** The database of a logical slot. */
  database: string | null;
  /** Whether it ends with the connection that made it. */
  temporary: boolean;
  /** Whether somebody streams from it now. */
  active: boolean;
  /** The server process that does. */
  activePid: number | null;
  /** Since when nobody streams from it (PostgreSQL 17): ISO 8601. */
  inactiveSince: string | null;
  /** `unreserved`: the next checkpoint may remove log that it needs. `lost`: that has happened. */
  walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost' | null;
  /** Why it can be used no more, in words; null: it can. */
  lost: string | null;
  /** Why it can be used no more, as the server calls it (PostgreSQL 17). */
  invalidationReason: string | null;
  /** Whether it was invalidated, from 17 on by a conflict with recovery only (PostgreSQL 16). */
  conflicting: boolean;
  /** How many more bytes of log can be written before it may be lost; null: any number. */
  safeWalSize: number | null;
  /** How many bytes of log its consumer is behind the server. */
  lagBytes: number | null;
  /** How many bytes of log the server keeps for it. */
  retainedBytes: number | null;
  /** The oldest log that it holds back. */
  restartLsn: string | null;
  /** Up to where its consumer has confirmed. */
  confirmedFlushLsn: string | null;
  /** The oldest transaction whose rows it keeps from being vacuumed away, in all tables. */
  xmin: number | null;
  /** The same in the catalogs only. */
  catalogXmin: number | null;
  /** Whether it decodes transactions when they are prepared. */
  twoPhase: boolean;
  /** From where on it does (PostgreSQL 18). */
  twoPhaseAt: string | null;
  /** Whether it is copied to standby servers (PostgreSQL 17). */
  failover: boolean;
  /** Whether it is such a copy (PostgreSQL 17). */
  synced: boolean;
}

/** A logical slot that is to be created. */
export interface SlotOptions {
  /** The output plugin. Default `pgoutput`. */
  plugin?: string | undefined;
  /** Whether it decodes transactions when they are prepared. Default false. */
  twoPhase?: boolean | undefined;
  /** Whether it is copied to standby servers (PostgreSQL 17). Default false. */
  failover?: boolean | undefined;
}

/** A logical slot that was just created. */
export interface CreatedSlot {
  slot: string;
  plugin: string;
  /** From where on it has every change. */
  consistentPoint: string;
}

/** What is to become different about a logical slot. */
export interface SlotChanges {
  /** Whether it is copied to standby servers (PostgreSQL 17). */
  failover?: boolean | undefined;
  /** Whether it decodes transactions when they are prepared (PostgreSQL 18). */
  twoPhase?: boolean | undefined;
}

/** Where a physical slot is. */
export interface SlotPosition {
  /** The oldest log that it holds back; null: it holds none. */
  restartLsn: string | null;
  /** The timeline of that log. */
  restartTimeline: number | null;
}

/**
 * A snapshot of the database at the place where a new slot begins: it shows the changes that the slot
 * will not send, and no others. It is there until it is released, or its client's server ends.
 */
export declare class Snapshot implements CreatedSlot, AsyncDisposable {
  private constructor();
  readonly slot: string;
  readonly plugin: string;
  readonly consistentPoint: string;
  /** For `SET TRANSACTION SNAPSHOT` in any session of the same database. */
  readonly name: string;
  /** SQL that begins a transaction which reads in the snapshot. It keeps it after the release. */
  readonly beginSql: string;
  /** Ends the connection that the snapshot hangs on. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A kind of change that is published. */
export type PublishedKind = 'insert' | 'update' | 'delete' | 'truncate';

/** A table of a publication. */
export interface PublishedTable {
  /** Default `public`. */
  schema?: string | undefined;
  table: string;
  /** Not the tables that inherit from it. Default false; tables that are listed have it. */
  only?: boolean | undefined;
  /** Only these columns (PostgreSQL 15). Default: all. */
  columns?: readonly string[] | undefined;
  /** Only rows for which this is true: an SQL expression, sent as it is (PostgreSQL 15). */
  filter?: string | undefined;
}

/** Tables and schemas of a publication. */
export interface PublishedObjects {
  tables?: readonly PublishedTable[] | undefined;
  /** Schemas of which all tables are published, those of the future too (PostgreSQL 15). */
  schemas?: readonly string[] | undefined;
}

/** How a publication publishes. What is left out is the server's default, or stays as it is. */
export interface PublicationOptions {
  /** Which changes. The server's default: all. */
  publish?: readonly PublishedKind[] | undefined;
  /** Whether changes of partitions come as those of the partitioned table. */
  viaPartitionRoot?: boolean | undefined;
  /** Whether generated columns are published that no list of columns names (PostgreSQL 18). */
  generatedColumns?: 'none' | 'stored' | undefined;
}

/** What a publication is to have. */
export interface PublicationDefinition extends PublishedObjects, PublicationOptions {
  /** All tables of the database, those of the future too. Default false. */
  allTables?: boolean | undefined;
}

/** A publication of the database. Created again from this, it would be the same. */
export interface PublicationInfo extends PublicationOptions {
  name: string;
  /** The role that it belongs to. */
  owner: string;
  allTables: boolean;
  tables: (PublishedTable & { schema: string })[];
  schemas: string[];
}

/** One way to alter a publication. */
export type PublicationChange =
  | { add: PublishedObjects }
  /** Publishes these and no others. */
  | { set: PublishedObjects }
  | { drop: PublishedObjects }
  | { options: PublicationOptions }
  /** The new name. */
  | { rename: string }
  /** The new owner's role. */
  | { owner: string };
