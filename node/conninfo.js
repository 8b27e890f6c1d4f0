/** Connection settings from what users pass to `connect`. */

import { badOption, VALUE_OPTIONS } from './decoding/options.js';

/**
 * @typedef {string | (() => string | Promise<string>)} Password
 *
 * @typedef {object} Settings
 * @property {string} conninfo as libpq reads it: a URI, or keywords and values
 * @property {Password | undefined} password
 */

/** Names that node-postgres' users know, for libpq's. */
const ALIASES = new Map([
  ['database', 'dbname'],
  ['username', 'user'],
]);

/** What is for this side, wherever `connect` is given it. */
export const CLIENT_OPTIONS = ['signal', 'onEvent', ...VALUE_OPTIONS];

/**
 * One form of settings for the native part, which knows libpq's keywords and refuses others.
 *
 * @param {string | Record<string, unknown>} target
 * @returns {Settings}
 */
export function connectionSettings(target) {
  if (typeof target === 'string') return { conninfo: target, password: undefined };
  if (typeof target !== 'object' || target === null) {
    throw badOption('connect was given no server', 'pass a connection string or an object');
  }
  const { connectionString, password, ...rest } = target;
  const keywords = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !CLIENT_OPTIONS.includes(name)),
  );
  if (connectionString !== undefined) {
    const others = Object.keys(keywords);
    if (typeof connectionString !== 'string' || others.length > 0) {
      throw badOption(
        'connectionString stands for all settings but the password',
        `put ${others.join(', ') || 'it'} into the string`,
      );
    }
    return { conninfo: connectionString, password: passwordOf(password) };
  }
  const pairs = Object.entries(keywords).filter(([, value]) => value !== undefined);
  const conninfo = pairs.map(
    ([name, value]) => `${ALIASES.get(name) ?? name}=${quoted(name, value)}`,
  );
  return { conninfo: conninfo.join(' '), password: passwordOf(password) };
}

/**
 * @param {unknown} password
 * @returns {Password | undefined}
 */
function passwordOf(password) {
  if (password === undefined || typeof password === 'string' || typeof password === 'function') {
    return /** @type {Password | undefined} */ (password);
  }
  throw badOption('the option password is neither text nor a function', 'pass one of these');
}

/**
 * The password as it is at this moment: a token that a function fetches may live for minutes.
 *
 * @param {Settings} settings
 * @returns {Promise<string | undefined>}
 */
export async function passwordNow({ password }) {
  if (typeof password !== 'function') return password;
  const text = await password();
  if (typeof text === 'string') return text;
  throw badOption('the function for the password did not return text', 'let it return a string');
}

/**
 * A value between libpq's quotation marks.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function quoted(name, value) {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw badOption(`the option ${name} is ${String(value)}`, 'settings are text or numbers');
  }
  return `'${String(value).replace(/[\\']/g, '\\$&')}'`;
}
