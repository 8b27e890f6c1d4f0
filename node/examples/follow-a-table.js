/**
 * Follows a table: prints every row that is inserted, updated or deleted, until Ctrl-C.
 *
 *   node follow-a-table.js postgres://localhost/app
 *
 * The database has a table, and a publication of it:
 *
 *   CREATE TABLE users (id int PRIMARY KEY, email text, balance numeric, joined timestamptz);
 *   CREATE PUBLICATION users_pub FOR TABLE users;
 *
 * A transaction is confirmed when the change after its end is asked for. Stopped and started again,
 * the program goes on where it was.
 */

import { connect } from 'walscope';

/**
 * A row, with the values that `types` below makes.
 *
 * @typedef {object} User
 * @property {number} id
 * @property {string | null} email
 * @property {number | null} balance
 * @property {Date | null} joined
 *
 * In TypeScript the rows' types go to `client.stream<{ users: User }>(…)`.
 * @typedef {import('walscope').Change<{ users: User }>} Change
 */

const client = await connect(process.argv[2] ?? 'postgres://localhost/app');
/** @type {import('walscope').Stream<Change>} */
const stream = await client.stream({
  slot: 'users_follower',
  publications: ['users_pub'],
  createSlot: true,
  types: { numeric: Number, timestamptz: (text) => new Date(text) },
  // A large value that an update left as it was is not sent: then it is not in `new`.
  unchangedToast: 'omit',
});
// Such as that the slot was created.
for (const remark of stream.remarks) console.error(remark);

// The loop ends as if there were nothing more. What it has not been given comes with the next start.
const stop = () => stream.close();
process.once('SIGINT', stop).once('SIGTERM', stop);

for await (const change of stream) {
  switch (change.kind) {
    case 'insert':
      console.log('insert', change.new);
      break;
    case 'update':
      // `key` has the row's key before the update, which may have changed it.
      console.log('update', change.key?.id, change.new);
      break;
    case 'delete':
      console.log('delete', change.key?.id);
      break;
    case 'truncate':
      console.log('truncate');
  }
}

// The last confirmation reaches the server before the program ends.
await stream.close();
await client.close();
