/** The names that both packages export of the log's half, beside what is made of their own bindings. */

export { ConnectionError, DecodeError, ServerError, WalscopeError } from '../decoding/errors.js';
export { lsn } from '../decoding/lsn.js';
export { WalBatch } from './batch.js';
export { WalRecord } from './record.js';
