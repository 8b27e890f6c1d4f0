// What the demo writes: orders that come in, are paid and shipped, and are cancelled now and then.

import { setTimeout as sleep } from 'node:timers/promises';

export const SCHEMA = `
  CREATE TABLE orders (
    id int PRIMARY KEY,
    customer text NOT NULL,
    total numeric(8,2) NOT NULL,
    status text NOT NULL DEFAULT 'new',
    note text
  );
  CREATE PUBLICATION walscope_demo FOR TABLE orders;
`;

const CUSTOMERS = ['Ada', 'Björk', 'Chidi', 'Dolores', 'Émile', 'Frida', 'Zoë', 'Håkon'];
const PAUSE_MS = 60;

/**
 * What was written, or streamed.
 * @typedef {{ transactions: number, insert: number, update: number, delete: number }} Counts
 */

/** @returns {Counts} */
export function noCounts() {
  return { transactions: 0, insert: 0, update: 0, delete: 0 };
}

/** Writes orders and counts what it wrote. */
export class Workload {
  written = noCounts();
  /** Set before the last transaction commits, so that its commit is known to be the last. */
  isLast = false;
  /** @type {number[]} */
  #open = [];
  #nextId = 1;
  #client;

  /** @param {import('pg').Client} client */
  constructor(client) {
    this.#client = client;
  }

  /**
   * @param {'insert' | 'update' | 'delete'} kind
   * @param {string} text
   * @param {unknown[]} values
   */
  async #write(kind, text, values) {
    const { rowCount } = await this.#client.query(text, values);
    this.written[kind] += rowCount ?? 0;
  }

  /** @param {number} round */
  async #transaction(round) {
    const count = 1 + (round % 3);
    for (let n = 0; n < count; n++) {
      const id = this.#nextId++;
      const customer = CUSTOMERS[id % CUSTOMERS.length];
      const total = (((id * 7919) % 20_000) / 100 + 5).toFixed(2);
      const text = 'INSERT INTO orders (id, customer, total) VALUES ($1, $2, $3)';
      await this.#write('insert', text, [id, customer, total]);
      this.#open.push(id);
    }
    if (round % 2 === 1) {
      const id = this.#open[Math.floor(this.#open.length / 2)];
      const text = `UPDATE orders SET status = 'paid', note = 'card' WHERE id = $1`;
      await this.#write('update', text, [id]);
    }
    if (round % 4 === 3) {
      const id = this.#open.shift();
      await this.#write('delete', 'DELETE FROM orders WHERE id = $1', [id]);
    }
  }

  /**
   * @param {number} milliseconds
   * @param {AbortSignal} signal
   */
  async run(milliseconds, signal) {
    const end = Date.now() + milliseconds;
    for (let round = 0; !this.isLast; round++) {
      await this.#client.query('BEGIN');
      await this.#transaction(round);
      this.isLast = Date.now() >= end;
      this.written.transactions++;
      await this.#client.query('COMMIT');
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}
