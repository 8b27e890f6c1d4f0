/** Connecting to a server, and opening streams. */

import { binding } from './binding.js';
import { CLIENT_OPTIONS, connectionSettings } from './conninfo.js';
import { WalscopeError } from './decoding/errors.js';
import { lsn } from './decoding/lsn.js';
import { badOption, refuseUnknown, VALUE_OPTIONS, valueOptions } from './decoding/options.js';
import { fromBinding } from './rejection.js';
import { Stream } from './stream.js';

/**
 * @typedef {import('./binding.js').RawClient} RawClient
 * @typedef {import('./binding.js').RawStream} RawStream
 * @typedef {import('./conninfo.js').Settings} Settings
 * @typedef {import('./decoding/values.js').ValueOptions} ValueOptions
 */

/** Options of `stream()` that the native part is told, and those that are for this side. */
const NATIVE_OPTIONS = [
  'slot',
  'publications',
  'createSlot',
  'temporary',
  'start',
  'protocol',
  'streaming',
  'binary',
  'twoPhase',
  'messages',
  'origin',
  'idleAdvance',
  'raw',
  'memory',
  'spillDirectory',
  'reconnect',
  'stallTimeout',
  'maxMessage',
];
const OWN_OPTIONS = ['acknowledge', 'signal', ...VALUE_OPTIONS];

/**
 * Opens a connection.
 *
 * @param {string | Record<string, unknown>} target a connection string, or settings
 * @param {Record<string, unknown>} [options]
 * @returns {Promise<Client>}
 */
export async function connect(target, options = {}) {
  refuseUnknown(options, CLIENT_OPTIONS);
  const settings = connectionSettings(target);
  const beside = typeof target === 'string' ? {} : target;
  const chosen = CLIENT_OPTIONS.map((name) => [name, options[name] ?? beside[name]]);
  const { signal: given, ...values } = Object.fromEntries(chosen);
  const signal = /** @type {AbortSignal | undefined} */ (given);
  const defaults = valueOptions(values);
  signal?.throwIfAborted();
  try {
    const password = await passwordNow(settings);
    const config = JSON.stringify({ conninfo: settings.conninfo, password });
    const raw = await unlessAborted(signal, binding().connect(config));
    return new Client(raw, settings, defaults);
  } catch (error) {
    throw fromBinding(error);
  }
}

/**
 * The password as it is at this moment: a token that a function fetches may live for minutes.
 *
 * @param {Settings} settings
 * @returns {Promise<string | undefined>}
 */
async function passwordNow({ password }) {
  if (typeof password !== 'function') return password;
  const text = await password();
  if (typeof text === 'string') return text;
  throw badOption('the function for the password did not return text', 'let it return a string');
}

/**
 * What the native part opens, or the signal's reason. What is opened after that is closed again.
 *
 * @template {{ close(): Promise<void> }} T
 * @param {AbortSignal | undefined} signal
 * @param {Promise<T>} opening
 * @param {() => void} [cancel] lets it not wait any longer
 * @returns {Promise<T>}
 */
function unlessAborted(signal, opening, cancel) {
  if (signal === undefined) return opening;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      cancel?.();
      opening.then((opened) => opened.close()).catch(() => {});
    };
    signal.addEventListener('abort', onAbort, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}

/** Settings, and a connection to ask by SQL. Every stream has a connection of its own. */
export class Client {
  #raw;
  #settings;
  #values;
  #openings = 0;
  /** @type {Promise<void> | null} */
  #closing = null;

  /**
   * @param {RawClient} raw
   * @param {Settings} settings
   * @param {ValueOptions} values how a stream reads values that says nothing else
   */
  constructor(raw, settings, values) {
    this.#raw = raw;
    this.#settings = settings;
    this.#values = values;
  }

  /**
   * Opens a stream of changes.
   *
   * @param {Record<string, unknown>} options
   * @returns {Promise<Stream>}
   */
  async stream(options) {
    const { signal, ...rest } = checkOptions(options, this.#values);
    if (this.#closing !== null) {
      throw new WalscopeError({
        code: 'WALSCOPE_CLOSED',
        message: 'the client is closed',
        hint: 'connect again',
      });
    }
    signal?.throwIfAborted();
    try {
      const again = typeof this.#settings.password === 'function';
      const password = again ? await passwordNow(this.#settings) : undefined;
      const native = NATIVE_OPTIONS.map((name) => [name, options[name]]);
      const typeTable = rest.values.typeTable?.json;
      const json = JSON.stringify({ ...Object.fromEntries(native), password, typeTable });
      const opening = this.#openings++;
      const cancel = () => this.#raw.cancel(opening);
      const raw = await unlessAborted(signal, this.#raw.stream(json, opening), cancel);
      return new Stream(raw, { ...rest, signal });
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /** Closes the connection. Streams go on. */
  close() {
    this.#closing ??= this.#raw.close();
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}

/**
 * @param {Record<string, unknown>} options
 * @param {ValueOptions} values the client's
 * @returns {ConstructorParameters<typeof Stream>[1]}
 */
function checkOptions(options, values) {
  if (typeof options !== 'object' || options === null) {
    throw badOption('stream was given no options', 'pass at least slot and publications');
  }
  refuseUnknown(options, [...NATIVE_OPTIONS, ...OWN_OPTIONS]);
  const { acknowledge = 'auto', signal } = options;
  const { slot, publications, start, raw } = options;
  const memory = /** @type {number | undefined} */ (options['memory']);
  if (typeof slot !== 'string' || slot === '') {
    throw badOption('stream was given no slot', 'name the replication slot in the option slot');
  }
  const names = Array.isArray(publications) ? publications : [];
  if (names.length === 0 || !names.every((name) => typeof name === 'string')) {
    throw badOption('stream was given no publications', "pass their names: ['app_pub']");
  }
  if (start !== undefined) lsn.parse(/** @type {string} */ (start));
  if (memory !== undefined && !(Number.isSafeInteger(memory) && memory >= 0)) {
    throw badOption(`the option memory is ${memory}`, 'it is a number of bytes');
  }
  if (acknowledge !== 'auto' && acknowledge !== 'manual') {
    throw badOption(`the option acknowledge is ${acknowledge}`, "it can be 'auto', 'manual'");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw badOption('the option signal is no AbortSignal', 'pass the signal of an AbortController');
  }
  const automatic = acknowledge === 'auto';
  return { values: valueOptions(options, values), automatic, signal, raw: raw === true };
}
