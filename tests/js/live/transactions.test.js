// A stream by transaction.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../../node/index.js';
import { withServer } from './setting.js';

const setting = withServer();

test('transactions come whole, in order, with what is known of them', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2], [3]);
  const stream = await setting.fullStream(slot);
  const seen = [];
  for await (const tx of stream.transactions()) {
    const ids = [];
    assert.equal(tx.endLsn, null);
    for await (const change of tx) {
      assert.deepEqual([change.xid, change.commitLsn], [tx.xid, tx.commitLsn]);
      if (change.kind === 'insert') ids.push(change.new.id);
    }
    assert.match(tx.endLsn, /\//);
    assert.match(tx.commitTime, /Z$/);
    seen.push(ids);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, [[1, 2], [3]]);
});

// Red without `this.feed.asked()` in TransactionIterator, and with it before `discard()`.
test('asking for the next discards and confirms the one before', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2], [3, 4], [5]);
  const stream = await setting.fullStream(slot);
  const transactions = stream.transactions();
  const { value: first } = await transactions.next();
  const { value: second } = await transactions.next();
  const changes = second[Symbol.asyncIterator]();
  for (;;) {
    const { value } = await changes.next();
    if (value.kind === 'insert') break;
  }
  // What was discarded does not look as if it had been read.
  const stale = first[Symbol.asyncIterator]();
  await assert.rejects(stale.next(), { code: 'WALSCOPE_TRANSACTION_OVER' });
  await transactions.next();
  await transactions.return();
  assert.equal(await setting.confirmed(slot), second.endLsn);
  assert.deepEqual(await setting.again(slot), [5]);
});

test('leaving the loop confirms nothing of the transaction in hand, though it was read', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot);
  for await (const tx of stream.transactions()) {
    await tx.toArray();
    break;
  }
  await setting.confirmed(slot);
  assert.deepEqual(await setting.again(slot), [1, 2]);
});

// Red without `throw cut()` and without the look at `feed.open` in transactions.js: half a transaction would look like a whole one.
test('a transaction that is cut by close does not look whole', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2]);
  const stream = await setting.fullStream(slot);
  const { value: tx } = await stream.transactions().next();
  const read = async () => {
    for await (const change of tx) if (change.kind === 'insert') await stream.close();
  };
  await assert.rejects(read(), { code: 'WALSCOPE_CLOSED' });
});

test('toArray has a limit', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2], [3]);
  const stream = await setting.fullStream(slot);
  const transactions = stream.transactions();
  const { value: first } = await transactions.next();
  await assert.rejects(first.toArray({ maxBytes: 10 }), { code: 'WALSCOPE_TRANSACTION_TOO_LARGE' });
  const { value: second } = await transactions.next();
  const rows = await second.toArray();
  assert.deepEqual(
    rows.map((/** @type {any} */ { kind, new: row }) => [kind, row.id]),
    [['insert', 3]],
  );
  await stream.close();
});

test('batches of a transaction hold its records, and no others', async () => {
  const slot = await setting.slot();
  await setting.server.sql(
    `INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 3000) n`,
  );
  await setting.insert([5001]);
  const stream = await setting.fullStream(slot);
  const counts = [];
  for await (const tx of stream.transactions()) {
    let rows = 0;
    for await (const batch of tx.batches()) {
      for (const row of batch) {
        assert.equal(row.xid, tx.xid);
        if (row.kind === 'insert') rows += 1;
        else assert.equal(row.kind, 'relation');
      }
    }
    counts.push(rows);
    if (counts.length === 2) break;
  }
  assert.deepEqual(counts, [3000, 1]);
});

test('a message outside of transactions comes as one of its own', async () => {
  const slot = await setting.slot();
  await setting.server.sql(`SELECT pg_logical_emit_message(false, 'app', 'alone')`);
  await setting.insert([1]);
  const stream = await setting.fullStream(slot, { messages: true });
  const seen = [];
  for await (const tx of stream.transactions()) {
    const changes = await tx.toArray();
    seen.push([tx.xid === null, changes.map((/** @type {any} */ change) => change.kind)]);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen[0], [true, ['message']]);
  assert.equal(seen[1]?.[0], false);
});

test('the origin of a transaction is known at once', async () => {
  const slot = await setting.slot();
  const client = await setting.server.client('postgres');
  await client.query(`SELECT pg_replication_origin_create('far')`);
  await client.query(`SELECT pg_replication_origin_session_setup('far')`);
  await client.query(`INSERT INTO t VALUES (1, 'from far')`);
  await client.end();
  const stream = await setting.fullStream(slot);
  const { value: tx } = await stream.transactions().next();
  assert.equal(tx.origin, 'far');
  await stream.close();
});

test('acknowledging a transaction needs that it was read', async () => {
  const slot = await setting.slot();
  await setting.insert([1], [2]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const transactions = stream.transactions();
  const { value: first } = await transactions.next();
  assert.throws(() => stream.acknowledge(first), { code: 'WALSCOPE_ACK_AHEAD' });
  await first.toArray();
  assert.equal(stream.acknowledge(first), first.endLsn);
  await transactions.next();
  await transactions.return();
  assert.equal(await setting.confirmed(slot), first.endLsn);
});

// Red when `toTransferable` moves the buffers that a part shares with the transactions behind it.
test('a part that is moved to another thread leaves the rest of the stream readable', async () => {
  const slot = await setting.slot();
  await setting.insert([1, 2], [3], [4]);
  const stream = await setting.fullStream(slot, { acknowledge: 'manual' });
  const ids = [];
  for await (const tx of stream.transactions()) {
    for await (const part of tx.batches()) {
      const { message, transfer } = part.toTransferable();
      const moved = Batch.from(structuredClone(message, { transfer }));
      for (const row of moved) if (row.kind === 'insert') ids.push(row.get('id'));
    }
    if (stream.acknowledge(tx) === null || ids.length === 4) break;
  }
  assert.deepEqual(ids, [1, 2, 3, 4]);
});
