/**
 * Keeps a search index in step with a table: first the rows that are there, then every change of
 * them, and nothing in between is missing or comes twice.
 *
 *   npm install walscope minisearch pg
 *   node search-index.js postgres://localhost/app
 *   curl 'http://localhost:8080/?q=replication'
 *
 * The database has a table, and a publication of it:
 *
 *   CREATE TABLE articles (id int PRIMARY KEY, title text, body text);
 *   CREATE PUBLICATION articles_pub FOR TABLE articles;
 *
 * The same is right for any cache. This one lives in memory, and is made anew with each start; one on
 * disk would keep its slot, and copy the table only the first time.
 */

import { createServer } from 'node:http';
import MiniSearch from 'minisearch';
import pg from 'pg';
import { connect } from 'walscope';

const SLOT = 'search_index';
const database = process.argv[2] ?? 'postgres://localhost/app';

const index = new MiniSearch({ fields: ['title', 'body'], storeFields: ['id', 'title', 'body'] });

// Changes have the values that rows of `pg` have. What an update did not send is left out.
const client = await connect(database, { preset: 'node-postgres', unchangedToast: 'omit' });
// What is left of a process that was killed.
await client.dropSlot(SLOT, { ifExists: true, wait: true });

// The snapshot shows the table as it is where the slot begins.
const snapshot = await client.exportSnapshot(SLOT);
const reader = new pg.Client(database);
await reader.connect();
await reader.query(snapshot.beginSql);
await snapshot.release();
const { rows } = await reader.query('SELECT id, title, body FROM articles');
await reader.end();
index.addAll(rows);

const stream = await client.stream({ slot: SLOT, publications: ['articles_pub'] });

/** @param {any} change */
function apply(change) {
  switch (change.kind) {
    case 'insert':
      index.add(change.new);
      break;
    case 'update': {
      // `key` has the row's key before the update, which may have changed it.
      const before = index.getStoredFields(change.key.id);
      index.discard(change.key.id);
      // A large value that the update left as it was is not in `new`: the index has it.
      index.add({ ...before, ...change.new });
      break;
    }
    case 'delete':
      index.discard(change.key.id);
      break;
    case 'truncate':
      index.removeAll();
  }
}

const server = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams.get('q');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(index.search(query ?? MiniSearch.wildcard)));
});
server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`${rows.length} articles, port ${/** @type {any} */ (server.address()).port}`);
});

const stop = () => stream.close();
process.once('SIGINT', stop).once('SIGTERM', stop);

for await (const change of stream) apply(change);

server.close();
server.closeAllConnections();
await stream.close();
// A slot that nobody reads from would hold back the server's log.
await client.dropSlot(SLOT, { wait: true });
await client.close();
