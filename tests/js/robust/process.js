// Starts consumers in processes of their own, and watches them and their slots.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CONSUMER = fileURLToPath(new URL('consumer.js', import.meta.url));
const POLL_MS = 20;
/** A process that hangs is killed, and its signal says so. */
const HANGS_AFTER_MS = 60_000;

/**
 * @typedef {object} Ended
 * @property {number | null} code
 * @property {NodeJS.Signals | null} signal
 * @property {string} output
 * @property {string} errors
 *
 * @typedef {object} Journal
 * @property {number[]} rows the ids, in their order
 * @property {string[]} ends of transactions that the consumer is through with
 * @property {number[][]} memory
 * @property {number | null} reconnects null before its end
 *
 * @typedef {object} Sample
 * @property {number | null} pid of the server's process that sends
 * @property {string} confirmed
 * @property {Journal} journal as it was after that
 */

/**
 * Runs a program of Node and gathers what it prints.
 *
 * @param {string[]} args
 * @param {number} [hangsAfter]
 * @returns {{ child: import('node:child_process').ChildProcess, ended: Promise<Ended> }}
 */
export function runNode(args, hangsAfter = HANGS_AFTER_MS) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (errors += text));
  const hangs = setTimeout(() => child.kill('SIGKILL'), hangsAfter);
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(hangs);
      resolve({ code, signal, output, errors });
    });
  });
  return { child, ended };
}

/**
 * What a program of Node prints as JSON. That it ends well is part of it.
 *
 * @param {string[]} args
 * @param {number} [hangsAfter]
 * @returns {Promise<any>}
 */
export async function jsonOf(args, hangsAfter) {
  const { code, signal, output, errors } = await runNode(args, hangsAfter).ended;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code ?? signal}:\n${errors}`);
  return JSON.parse(output);
}

/** A consumer that reads from a slot of a setting. */
export class Consumer {
  #setting;
  #slot;
  #folder;
  #running = true;

  /**
   * @param {import('../live/setting.js').Setting} setting
   * @param {string} slot
   * @param {string} folder
   * @param {string} from what is confirmed before it begins
   * @param {object} settings as consumer.js has them
   */
  constructor(setting, slot, folder, from, settings) {
    this.#setting = setting;
    this.#slot = slot;
    this.#folder = folder;
    this.from = from;
    const all = { url: setting.server.url(), slot, journal: join(folder, 'journal'), ...settings };
    const { child, ended } = runNode(['--expose-gc', CONSUMER, JSON.stringify(all)], 200_000);
    this.child = child;
    this.ended = ended.finally(() => (this.#running = false));
  }

  /**
   * @param {import('../live/setting.js').Setting} setting
   * @param {string} slot
   * @param {object} settings
   */
  static async start(setting, slot, settings) {
    const folder = await mkdtemp(join(tmpdir(), 'walscope-consumer-'));
    return new Consumer(setting, slot, folder, await setting.confirmed(slot), settings);
  }

  /** @returns {Promise<Journal>} */
  async journal() {
    const text = await readFile(join(this.#folder, 'journal'), 'utf8').catch(() => '');
    /** @type {Journal} */
    const journal = { rows: [], ends: [], memory: [], reconnects: null };
    for (const line of text.split('\n').slice(0, -1)) {
      const [word, ...rest] = line.split(' ');
      if (word === 'row') journal.rows.push(Number(rest[0]));
      if (word === 'end') journal.ends.push(String(rest[0]));
      if (word === 'memory') journal.memory.push(rest.map(Number));
      if (word === 'reconnects') journal.reconnects = Number(rest[0]);
    }
    return journal;
  }

  /** Waits until the consumer has a row. @param {number} id */
  async reached(id) {
    while (!(await this.journal()).rows.includes(id)) {
      if (!this.#running)
        throw new Error(`it ended before row ${id}: ${(await this.ended).errors}`);
      await sleep(POLL_MS);
    }
  }

  /**
   * Looks at the slot until the consumer has ended.
   *
   * @param {number} interval in milliseconds
   * @returns {Promise<Sample[]>}
   */
  async samplesToItsEnd(interval) {
    const samples = [];
    while (this.#running) {
      const [row] = await this.#setting.server.sql(
        'SELECT active_pid AS pid, confirmed_flush_lsn::text AS lsn FROM pg_replication_slots ' +
          `WHERE slot_name = '${this.#slot}'`,
      );
      samples.push({ pid: row.pid, confirmed: row.lsn, journal: await this.journal() });
      await sleep(interval);
    }
    return samples;
  }

  /**
   * The samples at which more was confirmed than it was through with.
   *
   * @param {Sample[]} samples
   * @returns {Sample[]}
   */
  confirmedTooMuch(samples) {
    return samples.filter(
      ({ confirmed, journal }) => confirmed !== this.from && !journal.ends.includes(confirmed),
    );
  }

  /** Removes what it has written. */
  async remove() {
    this.child.kill('SIGKILL');
    await this.ended;
    await rm(this.#folder, { recursive: true });
  }
}
