/** The names that both packages export, beside what is made of their own bindings. */

export { Batch } from './batch.js';
export { isComplete } from './changes.js';
export { ConnectionError, DecodeError, ServerError, WalscopeError } from './errors.js';
export { lsn } from './lsn.js';
export { stringify } from './stringify.js';
export { unchanged } from './values.js';
