/**
 * Exactly once into SQLite: sums up payments. One that is counted twice or never makes a sum wrong
 * for ever, so the sums and the place in PostgreSQL's log that they belong to are written in one
 * transaction of SQLite. Kill the program when you like, and start it again.
 *
 *   npm install walscope libsql
 *   node exactly-once-sqlite.js postgres://localhost/app balances.db
 *
 * The source has a table, and a publication of it:
 *
 *   CREATE TABLE payments (id bigserial PRIMARY KEY, account int NOT NULL, amount bigint NOT NULL);
 *   CREATE PUBLICATION payments_pub FOR TABLE payments WITH (publish = 'insert');
 *
 * From Node 22.13 on `DatabaseSync` of `node:sqlite` does what `Database` does here.
 */

import Database from 'libsql';
import { connect, lsn } from 'walscope';

const SLOT = 'balances';
/** Before all that there can be in a log. */
const NOTHING = '0/0';

const [source = 'postgres://localhost/app', file = 'balances.db'] = process.argv.slice(2);

const database = new Database(file);
// Others may look at the sums meanwhile: that is waited for. And committed means on disk, for what is
// confirmed to PostgreSQL does not come again.
database.exec(`
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS balances (account INTEGER PRIMARY KEY, payments INTEGER, total INTEGER);
  CREATE TABLE IF NOT EXISTS checkpoints (slot TEXT PRIMARY KEY, commit_lsn TEXT NOT NULL);
  INSERT INTO checkpoints VALUES ('${SLOT}', '${NOTHING}') ON CONFLICT DO NOTHING`);
const add = database.prepare(`
  INSERT INTO balances VALUES (?, 1, ?) ON CONFLICT (account)
  DO UPDATE SET payments = payments + 1, total = total + excluded.total`);
const move = database.prepare(
  'UPDATE checkpoints SET commit_lsn = ? WHERE slot = ? AND commit_lsn = ?',
);
const known = database.prepare('SELECT commit_lsn FROM checkpoints WHERE slot = ?');

/** The commit of the last transaction that is in the sums. */
let { commit_lsn: done } = /** @type {{ commit_lsn: string }} */ (known.get(SLOT));

const client = await connect(source);
const stream = await client.stream({
  slot: SLOT,
  publications: ['payments_pub'],
  // With a checkpoint and without its slot something would be missing: that is an error.
  createSlot: done === NOTHING,
  // A server that crashed may remember less than we do.
  start: done === NOTHING ? undefined : done,
});
console.log(`${SLOT} from ${stream.startLsn} on`);

// Asking for the next transaction confirms the last one, which is in SQLite by then.
for await (const transaction of stream.transactions()) {
  const { commitLsn } = transaction;
  // What comes again is left out.
  if (commitLsn === null || lsn.compare(commitLsn, done) <= 0) continue;
  // If anything throws, the program ends, and SQLite takes back what is not committed.
  database.exec('BEGIN IMMEDIATE');
  for await (const change of transaction) {
    if (change.kind === 'insert') add.run(change.new.account, change.new.amount);
  }
  // Only from where we are: somebody else who writes here is a mistake.
  const { changes } = move.run(commitLsn, SLOT, done);
  if (changes !== 1) throw new Error(`somebody else has moved the checkpoint of ${SLOT}`);
  database.exec('COMMIT');
  done = commitLsn;
}
