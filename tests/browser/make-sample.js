#!/usr/bin/env node
// Makes the inspector's sample from a real server: `node tests/browser/make-sample.js`. A small
// shop, with something of every kind of message and values that are not easy to show.

import { writeFile } from 'node:fs/promises';

import { startServer } from '../harness/postgres.js';
import { record } from '../js/fixtures/record.js';

const SAMPLE = new URL('../../wasm/inspector/samples/orders.walcap', import.meta.url);

const SET_UP = [
  "CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent')",
  'CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text, tags text[])',
  `CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL,
     state order_state NOT NULL DEFAULT 'new', total numeric(10,2), placed timestamptz,
     details jsonb)`,
  'CREATE TABLE notes (id int PRIMARY KEY, body text)',
  'ALTER TABLE notes ALTER body SET STORAGE EXTERNAL',
  'CREATE TABLE carts (customer int, sku text, count int)',
  'ALTER TABLE carts REPLICA IDENTITY FULL',
  'CREATE PUBLICATION p FOR ALL TABLES',
  "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
];

const CHANGES = [
  `INSERT INTO customers VALUES
     (1, 'Ada Lovelace', 'ada@example.org', '{early,math}'),
     (2, 'Grace Hopper', 'grace@example.org', '{navy}'),
     (3, 'ليلى العلمي', 'layla@example.org', NULL),
     (4, 'Zoë 🦀 Crăciun', NULL, '{}'),
     (5, '<img src=x onerror=alert(1)>', 'o''brien@example.org', '{"quoted \\" tag"}')`,
  `INSERT INTO orders
     SELECT 1000 + i, 1 + i % 5, 'new', (i * 7.35)::numeric(10,2),
       '2026-11-22 10:00:00+00'::timestamptz + i * interval '37 seconds',
       jsonb_build_object('sku', 'A-' || i, 'gift', i % 3 = 0)
     FROM generate_series(1, 40) i`,
  `INSERT INTO notes VALUES
     (1, repeat('A long note that PostgreSQL stores apart from its row. ', 120)), (2, ''), (3, NULL)`,
  "UPDATE orders SET state = 'paid' WHERE id <= 1020",
  'UPDATE notes SET id = 10 WHERE id = 1',
  "UPDATE notes SET body = E'line one\\nline two\\ttabbed' WHERE id = 2",
  `INSERT INTO carts SELECT 1 + i % 5, 'SKU-' || i, i % 4 FROM generate_series(1, 30) i`,
  'UPDATE carts SET count = count + 1 WHERE count = 0',
  'DELETE FROM carts WHERE count > 2',
  "SELECT pg_logical_emit_message(false, 'deploy', 'release 4.2 started')",
  'BEGIN',
  `UPDATE orders SET state = 'sent', details = details || '{"carrier": "snail"}' WHERE id <= 1008`,
  "SELECT pg_logical_emit_message(true, 'audit', 'shipped by 🐌')",
  'DELETE FROM orders WHERE id > 1036',
  'COMMIT',
  'ALTER TABLE customers ADD COLUMN country text',
  "UPDATE customers SET country = 'GB' WHERE id = 1",
  "UPDATE customers SET name = E'reversed \\u202Eeman' WHERE id = 2",
  'TRUNCATE carts RESTART IDENTITY',
  `INSERT INTO orders
     SELECT 2000 + i, 1 + i % 4, 'new', (i * 3.10)::numeric(10,2),
       '2026-11-22 12:00:00+00'::timestamptz + i * interval '11 seconds', NULL
     FROM generate_series(1, 20) i`,
];

const server = await startServer({ major: 18 });
try {
  const client = await server.client();
  for (const statement of [...SET_UP, ...CHANGES]) await client.query(statement);
  const { rows } = await client.query('SELECT pg_current_wal_lsn()::text AS lsn');
  await client.end();
  const bytes = await record({
    url: server.url(),
    slot: 's',
    publication: 'p',
    options: { messages: 'true' },
    until: rows[0].lsn,
  });
  await writeFile(SAMPLE, bytes);
  console.log(`${SAMPLE.pathname}: ${bytes.length} bytes`);
} finally {
  await server.stop();
}
