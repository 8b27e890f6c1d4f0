// The example exactly-once-sqlite.js, killed at random moments under load, its server too.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { until, withExample } from './program.js';

const ROUNDS = 8;
const TRANSACTIONS = 40;
/** The round in which PostgreSQL crashes as well. */
const CRASH = 4;
const LONGEST_LIFE_MS = 300;

const setting = withExample(
  'exactly-once-sqlite.js',
  `CREATE TABLE payments (id bigserial PRIMARY KEY, account int NOT NULL, amount bigint NOT NULL);
   CREATE PUBLICATION payments_pub FOR TABLE payments WITH (publish = 'insert')`,
);

async function start() {
  const program = setting.run(join(setting.folder, 'balances.db'));
  await program.prints(/balances from/);
  return program;
}

/**
 * Transactions of one to thirty payments; of one in ten nothing is left.
 * @param {() => boolean} [enough] whether it may end once it has made those that it has to
 */
async function pay(enough = () => true) {
  for (let n = 0; n < TRANSACTIONS || !enough(); n += 1) {
    const payments = `INSERT INTO payments (account, amount)
      SELECT i % 7, i * ${n + 1} FROM generate_series(1, ${1 + ((n * 13) % 30)}) i`;
    await setting.server.sql(`BEGIN; ${payments}; ${n % 10 === 9 ? 'ROLLBACK' : 'COMMIT'}`);
  }
}

/** What SQLite has. */
function balances() {
  const database = new Database(join(setting.folder, 'balances.db'));
  try {
    database.exec('PRAGMA busy_timeout = 10000');
    return database.prepare('SELECT account, payments, total FROM balances ORDER BY 1').all();
  } finally {
    database.close();
  }
}

/** What it should have: the source, summed up by PostgreSQL. */
function sums() {
  return setting.server.sql(
    `SELECT account, count(*)::int AS payments, sum(amount)::int AS total FROM payments
       GROUP BY account ORDER BY account`,
  );
}

let markers = 0;

/** Waits until SQLite has a payment that is made now, and so has all from before. */
async function settle() {
  const account = -(markers += 1);
  await setting.server.sql(`INSERT INTO payments (account, amount) VALUES (${account}, 1)`);
  await until('SQLite has the last payment', () =>
    balances().some((/** @type {any} */ row) => row.account === account),
  );
}

// Red without BEGIN and COMMIT in the example, without the comparison of `commitLsn` with the
// checkpoint, and when the checkpoint is moved outside of the transaction.
test('the sums are right however often it is killed', async () => {
  const lives = [];
  let program = await start();
  for (let round = 0; round < ROUNDS; round += 1) {
    let killed = false;
    // Payments are made for as long as it lives, so that it is killed at work.
    const paying = pay(() => killed);
    lives.push(Math.round(Math.random() * LONGEST_LIFE_MS));
    await sleep(lives.at(-1));
    await program.kill();
    killed = true;
    await paying;
    if (round === CRASH) {
      await setting.server.kill();
      await setting.server.restart();
    }
    program = await start();
  }
  await settle();
  await program.kill();
  program = await start();
  await settle();
  assert.deepEqual(balances(), await sums(), `it lived ${lives} ms`);
  await program.kill();
});

// Red without the look at `changes`.
test('a checkpoint that somebody else has moved ends it', async () => {
  const program = await start();
  await settle();
  const database = new Database(join(setting.folder, 'balances.db'));
  database.exec("PRAGMA busy_timeout = 10000; UPDATE checkpoints SET commit_lsn = 'F/0'");
  database.close();
  const before = balances();
  await pay();
  const { code, errors } = await program.end();
  assert.equal(code, 1);
  assert.match(errors, /somebody else has moved the checkpoint/);
  assert.deepEqual(balances(), before);
});
