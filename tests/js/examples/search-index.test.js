// The example search-index.js: its index is the table, whatever was written while it started.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withExample } from './program.js';

const ARTICLES = 300;
/** How often the words of a body stand there that is stored apart from its row. */
const LARGE = 1000;

const setting = withExample(
  'search-index.js',
  `CREATE TABLE articles (id int PRIMARY KEY, title text, body text);
   ALTER TABLE articles ALTER body SET STORAGE EXTERNAL;
   INSERT INTO articles SELECT n, 'title ' || n, repeat('body' || n || ' ', CASE n % 30 WHEN 29 THEN ${LARGE} ELSE 1 END)
     FROM generate_series(1, ${ARTICLES}) n;
   CREATE PUBLICATION articles_pub FOR TABLE articles`,
);

async function start() {
  const program = setting.run();
  const [, port] = await program.prints(/articles, port (\d+)/);
  return { program, url: `http://127.0.0.1:${port}` };
}

/**
 * @param {string} url
 * @param {string} [query]
 * @returns {Promise<{ id: number, title: string, body: string }[]>}
 */
async function search(url, query) {
  const asked = query === undefined ? url : `${url}/?q=${encodeURIComponent(query)}`;
  const found = await (await fetch(asked)).json();
  return found
    .map((/** @type {any} */ { id, title, body }) => ({ id, title, body }))
    .sort((/** @type {any} */ a, /** @type {any} */ b) => a.id - b.id);
}

let markers = 0;

/**
 * Waits until the index has all that was written so far, and compares it with the table.
 * @param {string} url
 */
async function assertInStep(url) {
  const { server } = setting;
  const title = `marker${(markers += 1)}`;
  await server.sql(`INSERT INTO articles VALUES (${100_000 + markers}, '${title}', '')`);
  await until('the index has the marker', async () => (await search(url, title)).length === 1);
  const table = await server.sql('SELECT id, title, body FROM articles ORDER BY id');
  assert.deepEqual(await search(url), table);
}

let written = 0;

/**
 * Writes until it is told to stop: rows come, change, change their keys, and go.
 * @param {AbortSignal} signal
 */
async function write(signal) {
  const { server } = setting;
  while (!signal.aborted) {
    const n = (written += 1);
    const id = 1 + (n % ARTICLES);
    await server.sql(`INSERT INTO articles VALUES (${1000 + n}, 'new ${n}', 'words of ${n}')`);
    await server.sql(`UPDATE articles SET title = title || ' again' WHERE id = ${id}`);
    await server.sql(`UPDATE articles SET id = id + 50000 WHERE id = ${1000 + n - 5}`);
    await server.sql(`DELETE FROM articles WHERE id = ${50000 + 1000 + n - 10}`);
  }
}

// Red when the table is read before the snapshot is exported (what is written in between is missing),
// and when it is read outside of the snapshot (what is written in between comes twice).
test('the index is the table, though that is written to all the time', async () => {
  for (let starts = 0; starts < 4; starts += 1) {
    const stopping = new AbortController();
    const writing = write(stopping.signal);
    try {
      const { program, url } = await start();
      stopping.abort();
      await writing;
      await assertInStep(url);
      await program.kill();
    } finally {
      stopping.abort();
      await writing;
    }
  }
});

// Red without the fields from before in the case of an update, when `change.new.id` is discarded, and
// without the case of a truncate.
test('large values, new keys and truncates', async () => {
  const { server } = setting;
  const { program, url } = await start();
  await server.sql("UPDATE articles SET title = 'large', id = -1 WHERE id = 299");
  await assertInStep(url);
  const [large] = await search(url, 'large');
  assert.deepEqual(large, { id: -1, title: 'large', body: 'body299 '.repeat(LARGE) });
  await server.sql('TRUNCATE articles');
  await assertInStep(url);
  assert.deepEqual(await search(url, 'large'), []);
  await program.interrupt();
  assert.deepEqual(await setting.server.sql('SELECT 1 FROM pg_replication_slots'), []);
});
