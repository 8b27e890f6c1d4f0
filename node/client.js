/** Connecting to a server, opening streams, taking backups, and looking after slots and publications. */

import { BaseBackup } from './backup/base-backup.js';
import { backupSettings } from './backup/options.js';
import { binding } from './binding.js';
import { CLIENT_OPTIONS, connectionSettings, passwordNow } from './conninfo.js';
import { WalscopeError } from './decoding/errors.js';
import { badOption, refuseUnknown, valueOptions } from './decoding/options.js';
import { physicalSettings } from './physical/options.js';
import { PhysicalStream } from './physical/stream.js';
import { fromBinding } from './rejection.js';
import { Snapshot } from './snapshot.js';
import { onEventOf, streamSettings } from './stream-options.js';
import { Stream } from './stream.js';
import { Waiting } from './waiting.js';

/**
 * @typedef {import('./binding.js').RawClient} RawClient
 * @typedef {import('./conninfo.js').Settings} Settings
 * @typedef {import('./decoding/values.js').ValueOptions} ValueOptions
 * @typedef {import('./events.js').OnEvent} OnEvent
 */

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
  const { signal: given, onEvent, ...values } = Object.fromEntries(chosen);
  const signal = /** @type {AbortSignal | undefined} */ (given);
  const defaults = { values: valueOptions(values), onEvent: onEventOf({ onEvent }) };
  signal?.throwIfAborted();
  try {
    const raw = await unlessAborted(signal, opened(settings, signal));
    return new Client(raw, settings, defaults);
  } catch (error) {
    throw fromBinding(error);
  }
}

/**
 * @param {Settings} settings
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<RawClient>}
 */
async function opened(settings, signal) {
  const password = await passwordNow(settings);
  signal?.throwIfAborted();
  const config = JSON.stringify({ conninfo: settings.conninfo, password });
  // Streams that come back have to ask for a password again.
  const ask = typeof settings.password === 'function' ? () => passwordNow(settings) : undefined;
  return binding().connect(config, ask);
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
  #defaults;
  #openings = 0;
  /** @type {Promise<void> | null} */
  #closing = null;

  /**
   * @param {RawClient} raw
   * @param {Settings} settings
   * @param {{ values: ValueOptions, onEvent: OnEvent | undefined }} defaults of streams
   */
  constructor(raw, settings, defaults) {
    this.#raw = raw;
    this.#settings = settings;
    this.#defaults = defaults;
  }

  /**
   * Opens a stream of changes.
   *
   * @param {Record<string, unknown>} options
   * @returns {Promise<Stream>}
   */
  async stream(options) {
    const { values, onEvent } = this.#defaults;
    const { native, ...settings } = streamSettings(options, values, onEvent);
    this.#refuseWhenClosed();
    settings.signal?.throwIfAborted();
    const opening = this.#openings++;
    const cancel = () => this.#raw.cancel(opening);
    const waiting = new Waiting(settings, cancel);
    try {
      const raw = await unlessAborted(
        settings.signal,
        this.#opened(native, settings, opening, waiting),
        cancel,
      );
      const look = () => this.slot(settings.slot);
      return new Stream(raw, settings, look);
    } catch (error) {
      throw waiting.failed ? waiting.reason : fromBinding(error);
    }
  }

  /**
   * @param {object} native what the native part is told
   * @param {Omit<import('./stream-options.js').StreamSettings, 'native'>} settings
   * @param {number} opening its number, to cancel it
   * @param {Waiting} waiting
   */
  async #opened(native, { signal, values }, opening, waiting) {
    const password = await this.#freshPassword();
    signal?.throwIfAborted();
    const json = JSON.stringify({ ...native, password, typeTable: values.typeTable?.json });
    return this.#raw.stream(json, opening, waiting.tell);
  }

  /**
   * Opens a stream of the log itself.
   *
   * @param {Record<string, unknown>} [options]
   * @returns {Promise<PhysicalStream>}
   */
  async physical(options = {}) {
    const settings = physicalSettings(options);
    this.#refuseWhenClosed();
    const { signal, native } = settings;
    signal?.throwIfAborted();
    const opening = this.#openings++;
    const opened = async () => {
      const password = await this.#freshPassword();
      signal?.throwIfAborted();
      return this.#raw.physical(JSON.stringify({ ...native, password }), opening);
    };
    try {
      const raw = await unlessAborted(signal, opened(), () => this.#raw.cancel(opening));
      return new PhysicalStream(raw, settings, (slot) => this.slot(slot));
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /** Which server this is, and how far its log is. */
  async identifySystem() {
    return this.#run('identifySystem');
  }

  /**
   * Starts a base backup.
   *
   * @param {Record<string, unknown>} [options]
   * @returns {Promise<BaseBackup>}
   */
  async baseBackup(options = {}) {
    const settings = backupSettings(options);
    this.#refuseWhenClosed();
    settings.signal?.throwIfAborted();
    const opening = this.#openings++;
    const cancel = () => this.#raw.cancel(opening);
    try {
      const starting = this.#startedBackup(settings, opening);
      return new BaseBackup(await unlessAborted(settings.signal, starting, cancel), settings);
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /**
   * @param {import('./backup/options.js').BackupSettings} settings
   * @param {number} opening its number, to cancel it
   */
  async #startedBackup({ native, manifest, signal }, opening) {
    const password = await this.#freshPassword();
    signal?.throwIfAborted();
    return this.#raw.baseBackup(JSON.stringify(native), opening, password, manifest);
  }

  /** All slots of the server, by name. */
  async slots() {
    return this.#run('slots');
  }

  /**
   * What the server knows about a slot; null when there is none of this name.
   *
   * @param {string} name
   */
  async slot(name) {
    return this.#run('slot', { name: nameOf(name) });
  }

  /**
   * Creates a logical slot.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [options]
   */
  async createSlot(name, options = {}) {
    refuseUnknown(options, ['plugin', 'twoPhase', 'failover']);
    return this.#run('createSlot', { name: nameOf(name), ...options });
  }

  /**
   * Creates a logical slot, and exports the snapshot in which everything is visible that the slot
   * will not send.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [options]
   * @returns {Promise<Snapshot>}
   */
  async exportSnapshot(name, options = {}) {
    refuseUnknown(options, ['plugin', 'twoPhase', 'failover']);
    this.#refuseWhenClosed();
    try {
      const password = await this.#freshPassword();
      const slot = JSON.stringify({ name: nameOf(name), ...options });
      return new Snapshot(await this.#raw.exportSnapshot(slot, password));
    } catch (error) {
      throw fromBinding(error);
    }
  }

  /**
   * Creates a physical slot.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [options]
   */
  async createPhysicalSlot(name, options = {}) {
    refuseUnknown(options, ['reserveWal']);
    await this.#run('createPhysicalSlot', { name: nameOf(name), ...options });
  }

  /**
   * Alters a logical slot that nobody uses.
   *
   * @param {string} name
   * @param {Record<string, unknown>} changes
   */
  async alterSlot(name, changes) {
    refuseUnknown(changes, ['failover', 'twoPhase']);
    await this.#run('alterSlot', { name: nameOf(name), ...changes });
  }

  /**
   * Where a physical slot is; null when there is none of this name.
   *
   * @param {string} name
   */
  async readSlot(name) {
    return this.#run('readSlot', { name: nameOf(name) });
  }

  /**
   * Drops a slot; false when there was none, which is an error unless `ifExists` is set.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [options]
   */
  async dropSlot(name, options = {}) {
    refuseUnknown(options, ['wait', 'ifExists']);
    return this.#run('dropSlot', { name: nameOf(name), ...options });
  }

  /** All publications of the database, by name. */
  async publications() {
    return this.#run('publications');
  }

  /**
   * The tables whose changes a publication publishes now.
   *
   * @param {string} name
   */
  async publishedTables(name) {
    return this.#run('publishedTables', { name: nameOf(name) });
  }

  /**
   * Creates a publication.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [definition]
   */
  async createPublication(name, definition = {}) {
    refuseUnknown(definition, ['allTables', 'tables', 'schemas', ...PUBLICATION_OPTIONS]);
    const { allTables, tables, schemas } = definition;
    if (allTables === true && (tables !== undefined || schemas !== undefined)) {
      throw badOption(
        'a publication of all tables has no list of tables or schemas',
        'leave out allTables, or the lists',
      );
    }
    checkTables(tables);
    await this.#run('createPublication', { name: nameOf(name), ...definition });
  }

  /**
   * Alters a publication in one way.
   *
   * @param {string} name
   * @param {Record<string, any>} change
   */
  async alterPublication(name, change) {
    const [[kind, what] = [], ...others] = Object.entries(change);
    if (kind === undefined || others.length > 0) {
      throw badOption(
        'a publication is altered in one way at a time',
        `name one of ${PUBLICATION_CHANGES.join(', ')}`,
      );
    }
    refuseUnknown(change, PUBLICATION_CHANGES);
    if (kind === 'options') refuseUnknown(what, PUBLICATION_OPTIONS);
    if (['add', 'set', 'drop'].includes(kind)) {
      refuseUnknown(what, ['tables', 'schemas']);
      checkTables(what.tables);
    }
    await this.#run('alterPublication', { name: nameOf(name), change });
  }

  /**
   * Drops a publication.
   *
   * @param {string} name
   * @param {Record<string, unknown>} [options]
   */
  async dropPublication(name, options = {}) {
    refuseUnknown(options, ['ifExists']);
    await this.#run('dropPublication', { name: nameOf(name), ...options });
  }

  /** Closes the connection. Streams go on; what else is under way rejects. */
  close() {
    this.#closing ??= this.#raw.close();
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  /**
   * @param {string} command
   * @param {object} [fields]
   * @returns {Promise<any>}
   */
  async #run(command, fields) {
    this.#refuseWhenClosed();
    try {
      const password = await this.#freshPassword();
      return JSON.parse(await this.#raw.run(JSON.stringify({ command, ...fields }), password));
    } catch (error) {
      throw fromBinding(error);
    }
  }

  #refuseWhenClosed() {
    if (this.#closing === null) return;
    throw new WalscopeError({
      code: 'WALSCOPE_CLOSED',
      message: 'the client is closed',
      hint: 'connect again',
    });
  }

  /** A password that a function gives is asked for anew; the native part knows any other. */
  async #freshPassword() {
    const again = typeof this.#settings.password === 'function';
    return again ? passwordNow(this.#settings) : undefined;
  }
}

const PUBLICATION_OPTIONS = ['publish', 'viaPartitionRoot', 'generatedColumns'];
const PUBLICATION_CHANGES = ['add', 'set', 'drop', 'options', 'rename', 'owner'];

/**
 * @param {unknown} name
 * @returns {string}
 */
function nameOf(name) {
  if (typeof name === 'string' && name !== '') return name;
  throw badOption(`the name is ${JSON.stringify(name) ?? 'missing'}`, 'it is text');
}

/** @param {unknown} tables */
function checkTables(tables) {
  for (const table of Array.isArray(tables) ? tables : []) {
    refuseUnknown(table, ['schema', 'table', 'only', 'columns', 'filter']);
  }
}
