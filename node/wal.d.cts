// The types of wal.d.ts for programs that `require`: see index.d.cts.

import type * as wal from './wal.js' with { 'resolution-mode': 'import' };

export type * from './wal.js' with { 'resolution-mode': 'import' };

export declare const init: typeof wal.init;
export declare const lsn: typeof wal.lsn;
export declare const readWal: typeof wal.readWal;
export declare const walStats: typeof wal.walStats;

// What is both a value and a type has to be named as both.
export declare const WalBatch: typeof wal.WalBatch;
export type WalBatch<E = wal.WalRecord> = wal.WalBatch<E>;
export declare const WalReader: typeof wal.WalReader;
export type WalReader<E = wal.WalRecord> = wal.WalReader<E>;
export declare const WalRecord: typeof wal.WalRecord;
export type WalRecord = wal.WalRecord;
export declare const ConnectionError: typeof wal.ConnectionError;
export type ConnectionError = wal.ConnectionError;
export declare const DecodeError: typeof wal.DecodeError;
export type DecodeError = wal.DecodeError;
export declare const ServerError: typeof wal.ServerError;
export type ServerError = wal.ServerError;
export declare const WalscopeError: typeof wal.WalscopeError;
export type WalscopeError = wal.WalscopeError;
