// The types of index.d.ts for programs that `require`, under every module mode: TypeScript's node16
// lets no such declaration re-export values of an ES module, so each value is named here.
// tests/packaging compares the names with what the package exports.

import type * as walscope from './index.js' with { 'resolution-mode': 'import' };

export type * from './index.js' with { 'resolution-mode': 'import' };

export declare const connect: typeof walscope.connect;
export declare const decode: typeof walscope.decode;
export declare const init: typeof walscope.init;
export declare const isComplete: typeof walscope.isComplete;
export declare const lsn: typeof walscope.lsn;
export declare const stringify: typeof walscope.stringify;
export declare const unchanged: typeof walscope.unchanged;

// What is both a value and a type has to be named as both.
export declare const Batch: typeof walscope.Batch;
export type Batch<C = walscope.Change> = walscope.Batch<C>;
export declare const Decoder: typeof walscope.Decoder;
export type Decoder<C = walscope.RawMessage> = walscope.Decoder<C>;
export declare const ConnectionError: typeof walscope.ConnectionError;
export type ConnectionError = walscope.ConnectionError;
export declare const DecodeError: typeof walscope.DecodeError;
export type DecodeError = walscope.DecodeError;
export declare const ServerError: typeof walscope.ServerError;
export type ServerError = walscope.ServerError;
export declare const WalscopeError: typeof walscope.WalscopeError;
export type WalscopeError = walscope.WalscopeError;
