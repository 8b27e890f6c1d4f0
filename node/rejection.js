/** Errors of the native part as walscope's own classes. */

import { ConnectionError, DecodeError, ServerError, WalscopeError } from './decoding/errors.js';

const CLASSES = { ConnectionError, DecodeError, ServerError, WalscopeError };

/**
 * The native part throws an `Error` whose message is a JSON object with the fields of the real one.
 * That one is made here, in the function that the user awaits, so that its stack leads there.
 *
 * @param {unknown} error
 * @returns {unknown}
 */
export function fromBinding(error) {
  const fields = fieldsOf(error);
  if (fields === null) return error;
  const Class = CLASSES[/** @type {keyof typeof CLASSES} */ (fields.name)] ?? WalscopeError;
  const cause = /** @type {Error} */ (error);
  cause.message = fields.message;
  return new Class({ ...fields, cause });
}

/**
 * @param {unknown} error
 * @returns {any}
 */
function fieldsOf(error) {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return null;
  try {
    const fields = JSON.parse(error.message);
    return typeof fields.code === 'string' ? fields : null;
  } catch {
    return null;
  }
}
