/**
 * walscope behind the interface of the npm package `pg-logical-replication`, version 2.5.
 * `node/docs/moving-from-pg-logical-replication.md` says what is different.
 */

import type { EventEmitter } from 'node:events';
import type { Pgoutput } from './compat/pgoutput-types.js';
import type { Wal2JsonPluginOptions } from './compat/wal2json-types.js';

export type { Pgoutput } from './compat/pgoutput-types.js';
export type { Wal2Json, Wal2JsonPluginOptions } from './compat/wal2json-types.js';

/** The settings of node-postgres that can be honoured. Any other is an error that names it. */
export interface ClientConfig {
  /** A URI. Beside it may stand all settings but host, port, user and database. */
  connectionString?: string | undefined;
  host?: string | undefined;
  port?: number | string | undefined;
  user?: string | undefined;
  password?: string | (() => string | Promise<string>) | undefined;
  database?: string | undefined;
  application_name?: string | undefined;
  fallback_application_name?: string | undefined;
  options?: string | undefined;
  /** `true`: `sslmode=verify-full` with the system's certificates. */
  ssl?: boolean | { rejectUnauthorized?: boolean | undefined } | undefined;
  connectionTimeoutMillis?: number | undefined;
  keepAlive?: boolean | undefined;
  keepAliveInitialDelayMillis?: number | undefined;
  enableChannelBinding?: boolean | undefined;
  replication?: 'database' | undefined;
  /** libpq's settings, which node-postgres has in connection strings only. */
  sslmode?: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | undefined;
  sslrootcert?: string | undefined;
  channel_binding?: string | undefined;
}

export interface ReplicationClientConfig extends ClientConfig {
  replication: 'database';
}

export interface LogicalReplicationConfig {
  acknowledge?:
    | {
        /**
         * `true`: a transaction is confirmed when all handlers of its `data` events have returned and
         * their promises are resolved. `false`: only `acknowledge()` confirms. Default `true`.
         */
        auto?: boolean | undefined;
        /** Has nothing to do: the server is told by a clock of walscope's, which confirms nothing. */
        timeoutSeconds?: number | undefined;
      }
    | undefined;
  flowControl?:
    | {
        /**
         * `true`: the next message waits for the handlers of the one before. `false`: within a
         * transaction messages do not wait. Default `false`.
         */
        enabled?: boolean | undefined;
      }
    | undefined;
  /** Functions for values by a type's name or OID, in place of `pg.types.setTypeParser`. */
  types?: { readonly [type: string]: (text: string) => any } | undefined;
}

interface Plugin<Options> {
  readonly name: string;
  readonly options: Options;
}

export declare class PgoutputPlugin implements Plugin<Pgoutput.Options> {
  constructor(options: Pgoutput.Options);
  get name(): string;
  readonly options: Pgoutput.Options;
}

export declare class Wal2JsonPlugin implements Plugin<Wal2JsonPluginOptions> {
  constructor(options?: Wal2JsonPluginOptions);
  get name(): string;
  readonly options: Wal2JsonPluginOptions;
}

export interface TestDecodingPluginOptions {
  includeXids?: boolean | undefined;
  includeTimestamp?: boolean | undefined;
  skipEmptyXacts?: boolean | undefined;
  includeRewrites?: boolean | undefined;
  includeSequences?: boolean | undefined;
  streamChanges?: boolean | undefined;
}

export declare class TestDecodingPlugin implements Plugin<TestDecodingPluginOptions> {
  constructor(options?: TestDecodingPluginOptions);
  get name(): string;
  readonly options: TestDecodingPluginOptions;
}

type MayWait = Promise<void> | void;

export declare class LogicalReplicationService extends EventEmitter {
  constructor(clientConfig: ClientConfig, config?: LogicalReplicationConfig);
  readonly clientConfig: ClientConfig;
  readonly config: LogicalReplicationConfig;
  on(event: 'start', listener: () => void): this;
  /** A handler that throws or rejects ends the stream: `subscribe()` rejects with its error. */
  on(event: 'data', listener: (lsn: string, log: any) => MayWait): this;
  on(event: 'error', listener: (error: Error) => void): this;
  /** A transaction was confirmed automatically. The LSN is where its commit ends. */
  on(event: 'acknowledge', listener: (lsn: string) => MayWait): this;
  /**
   * A sign of life of the server, which has not to be answered. Only with `PgoutputPlugin` without
   * `streaming`.
   */
  on(
    event: 'heartbeat',
    listener: (lsn: string, timestamp: number, shouldRespond: boolean) => MayWait,
  ): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  /**
   * Streams a slot. Resolves when `stop()` was called, rejects when something fails; after that it may
   * be called again.
   *
   * @param uptoLsn where to begin. Default: where the slot's consumer has confirmed to
   */
  subscribe(
    plugin: PgoutputPlugin | Wal2JsonPlugin | TestDecodingPlugin,
    slotName: string,
    uptoLsn?: string,
  ): Promise<this>;
  /**
   * Confirms everything that ended at or before an LSN, but nothing that was not received yet.
   *
   * @returns false when nothing is streamed
   */
  acknowledge(lsn: string, ping?: boolean): Promise<boolean>;
  /** Ends the stream. What is not confirmed comes again. */
  stop(): Promise<this>;
  /** The same, and removes all listeners. */
  destroy(): Promise<this>;
  isStop(): boolean;
  /** The LSN of the last message or heartbeat. */
  lastLsn(): string;
}
