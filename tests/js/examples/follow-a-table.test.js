// The example follow-a-table.js: what it prints, and where it goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withExample } from './program.js';

const SLOT = 'users_follower';

const setting = withExample(
  'follow-a-table.js',
  `CREATE TABLE users (id int PRIMARY KEY, email text, balance numeric, joined timestamptz);
   ALTER TABLE users ALTER email SET STORAGE EXTERNAL;
   CREATE TABLE others (id int);
   CREATE PUBLICATION users_pub FOR TABLE users`,
);

const LARGE = 'x'.repeat(3000);

/**
 * A line a change: node breaks long ones.
 * @param {import('./program.js').Program} program
 */
function linesOf({ output }) {
  const text = output.trim().replaceAll(LARGE, 'LARGE').replaceAll(/\s+/g, ' ');
  return text.split(/ (?=(?:insert|update|delete|truncate)\b)/);
}

/** What PostgreSQL would still send to the slot's consumer. */
async function outstanding() {
  await setting.idle(SLOT);
  const [{ count }] = await setting.server.sql(
    `SELECT count(*)::int FROM pg_logical_slot_peek_binary_changes('${SLOT}', NULL, NULL,
       'proto_version', '1', 'publication_names', 'users_pub')`,
  );
  return count;
}

// Red without `unchangedToast` or a function of `types`; the second half without the handler of
// SIGINT, and when the loop is left by another way than its end.
test('prints the changes of its table, and after an interrupt the next ones', async () => {
  const { server } = setting;
  const first = setting.run();
  await first.prints(/created/, 'errors');
  await server.sql("INSERT INTO users VALUES (1, 'a@b', 12.5, '2026-01-02 03:04:05+01')");
  await server.sql('INSERT INTO users VALUES (2, NULL, NULL, NULL)');
  await server.sql('INSERT INTO others VALUES (1)');
  await server.sql('UPDATE users SET balance = 13, email = NULL WHERE id = 1');
  await server.sql('UPDATE users SET id = 3 WHERE id = 2');
  await server.sql(`UPDATE users SET email = '${LARGE}' WHERE id = 3`);
  await server.sql('UPDATE users SET balance = 1 WHERE id = 3');
  await server.sql('DELETE FROM users WHERE id = 1');
  await server.sql('TRUNCATE users');
  await first.prints(/truncate/);
  assert.deepEqual(linesOf(first), [
    "insert { id: 1, email: 'a@b', balance: 12.5, joined: 2026-01-02T02:04:05.000Z }",
    'insert { id: 2, email: null, balance: null, joined: null }',
    'update 1 { id: 1, email: null, balance: 13, joined: 2026-01-02T02:04:05.000Z }',
    'update 2 { id: 3, email: null, balance: null, joined: null }',
    "update 3 { id: 3, email: 'LARGE', balance: null, joined: null }",
    'update 3 { id: 3, balance: 1, joined: null }',
    'delete 1',
    'truncate',
  ]);
  await first.interrupt();
  assert.equal(await outstanding(), 0);

  await server.sql("INSERT INTO users VALUES (4, 'c@d', 0, NULL)");
  const second = setting.run();
  await second.prints(/insert/);
  await second.interrupt();
  assert.deepEqual(linesOf(second), ["insert { id: 4, email: 'c@d', balance: 0, joined: null }"]);
  assert.equal(await outstanding(), 0);
});
