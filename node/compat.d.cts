// The types of compat.d.ts for programs that `require`: see index.d.cts.

import type * as compat from './compat.js' with { 'resolution-mode': 'import' };

export type * from './compat.js' with { 'resolution-mode': 'import' };

// What is both a value and a type has to be named as both.
export declare const LogicalReplicationService: typeof compat.LogicalReplicationService;
export type LogicalReplicationService = compat.LogicalReplicationService;
export declare const PgoutputPlugin: typeof compat.PgoutputPlugin;
export type PgoutputPlugin = compat.PgoutputPlugin;
export declare const TestDecodingPlugin: typeof compat.TestDecodingPlugin;
export type TestDecodingPlugin = compat.TestDecodingPlugin;
export declare const Wal2JsonPlugin: typeof compat.Wal2JsonPlugin;
export type Wal2JsonPlugin = compat.Wal2JsonPlugin;
