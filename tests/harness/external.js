// The machine's own server in place of an embedded one.
//
// WALSCOPE_TEST_URL is a postgres:// URL of a superuser on a server with wal_level = logical,
// max_prepared_transactions, free replication slots and wal senders (16 of each are enough), and a
// pg_hba.conf that admits that user to every database and to replication. A test gets a database of
// its own there, which is dropped with its slots afterwards. Tests that ask for a major version,
// settings, pg_hba lines or TLS still start an embedded server.

import { openClient } from './sql.js';

let opened = 0;

/** Stands for `Server` of postgres.js, as far as a server that is not ours can. */
export class ExternalServer {
  tls = null;
  /** @type {import('pg').Client} */
  #admin;
  /** @type {Promise<import('pg').Client> | null} */
  #client = null;
  #base;
  #database;

  /**
   * @param {string} base
   * @param {string} database
   * @param {import('pg').Client} admin
   */
  constructor(base, database, admin) {
    this.#base = base;
    this.#database = database;
    this.#admin = admin;
    this.host = admin.host;
    this.port = admin.port;
  }

  /** @param {string} base */
  static async open(base) {
    const admin = await openClient({ connectionString: base });
    const database = `walscope_test_${process.pid}_${opened++}`;
    await admin.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
    return new ExternalServer(base, database, admin);
  }

  /** @param {import('./postgres.js').UrlParts} [parts] */
  url({ user, password, host, database = this.#database, parameters = {} } = {}) {
    const url = new URL(this.#base);
    if (user !== undefined) url.username = user;
    if (password !== undefined) url.password = password;
    if (host !== undefined) url.hostname = host;
    url.pathname = `/${encodeURIComponent(database)}`;
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** @param {string} [database] */
  client(database) {
    return openClient({ connectionString: this.url(database ? { database } : {}) });
  }

  /**
   * @param {string} text
   * @param {unknown[]} [values]
   */
  async sql(text, values) {
    this.#client ??= this.client();
    const result = await (await this.#client).query(text, values);
    return (Array.isArray(result) ? result[result.length - 1] : result).rows;
  }

  restart() {
    return Promise.reject(new Error('the server of WALSCOPE_TEST_URL is not restarted by tests'));
  }

  kill() {
    return Promise.reject(new Error('the server of WALSCOPE_TEST_URL is not killed by tests'));
  }

  async stop() {
    await (await this.#client)?.end();
    const mine = 'FROM pg_replication_slots WHERE database = $1';
    await this.#admin.query(`SELECT pg_terminate_backend(active_pid) ${mine} AND active`, [
      this.#database,
    ]);
    await this.#admin.query(`SELECT pg_drop_replication_slot(slot_name) ${mine}`, [this.#database]);
    await this.#admin.query(`DROP DATABASE ${this.#database} WITH (FORCE)`);
    await this.#admin.end();
  }
}
