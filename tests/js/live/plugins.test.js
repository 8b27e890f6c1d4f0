// Slots of other plugins than pgoutput: messages as they are, confirmed one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withServer } from './setting.js';

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major });
  let slots = 0;

  /** A slot of test_decoding that nobody has used. */
  const makeSlot = async () => {
    slots += 1;
    const { slot } = await setting.client.createSlot(`plugin_${slots}`, {
      plugin: 'test_decoding',
    });
    await setting.server.sql('TRUNCATE t');
    return slot;
  };

  /**
   * @param {string} slot
   * @param {object} [options]
   */
  const open = (slot, options) =>
    setting.client.stream({
      slot,
      plugin: 'test_decoding',
      pluginOptions: { 'include-xids': false, 'skip-empty-xacts': true },
      ...options,
    });

  test(`messages come as text, with their LSNs, on ${major}`, async () => {
    const slot = await makeSlot();
    await setting.insert([1], [2, 3]);
    await setting.server.sql(`INSERT INTO t VALUES (4, 'é' || chr(65279))`);
    const stream = await open(slot);
    const messages = /** @type {any[]} */ ([]);
    for await (const message of stream) {
      messages.push(message);
      if (messages.filter(({ data }) => data === 'COMMIT').length === 4) break;
    }
    const table = 'table public.t:';
    const row = (/** @type {number} */ id, body = `row ${id}`) =>
      `${table} INSERT: id[integer]:${id} body[text]:'${body}'`;
    assert.deepEqual(
      messages.map(({ data }) => data),
      [
        ...['BEGIN', `${table} TRUNCATE: (no-flags)`, 'COMMIT', 'BEGIN', row(1), 'COMMIT'],
        ...['BEGIN', row(2), row(3), 'COMMIT', 'BEGIN', row(4, 'é\ufeff'), 'COMMIT'],
      ],
    );
    for (const message of messages) {
      assert.deepEqual(Object.keys(message), ['kind', 'lsn', 'data']);
      // test_decoding writes a BEGIN late, together with the first row, and only the last of such
      // messages has an LSN.
      if (message.lsn === null) assert.equal(message.data, 'BEGIN');
      else assert.match(message.lsn, /^[0-9A-F]+\/[0-9A-F]+$/);
    }
    const [begin, first] = messages;
    assert.equal(JSON.stringify(begin), '{"kind":"data","data":"BEGIN"}');
    const line = `{"kind":"data","lsn":"${first.lsn}","data":"${first.data}"}`;
    assert.equal(JSON.stringify(first), line);
    // Not confirmed: the last message, in hand when the loop was left.
    assert.equal(await setting.confirmed(slot), messages.at(-2).lsn);
  });

  test(`messages come as bytes, and are confirmed by hand, on ${major}`, async () => {
    const slot = await makeSlot();
    await setting.insert([1], [2]);
    const stream = await open(slot, { acknowledge: 'manual', pluginOutput: 'bytes' });
    /** @type {any[]} */
    const messages = [];
    for await (const batch of stream.batches()) {
      messages.push(...batch);
      if (messages.length >= 9) break;
      if (messages.length > 0) {
        await assert.rejects(async () => stream.acknowledge('F/0'), { code: 'WALSCOPE_ACK_AHEAD' });
      }
    }
    assert.ok(messages.every(({ data }) => data instanceof Uint8Array));
    assert.equal(Buffer.from(messages[3].data).toString(), 'BEGIN');
    assert.throws(() => stream.acknowledge(messages[3]), { code: 'WALSCOPE_CLOSED' });
    const again = await open(slot, { acknowledge: 'manual' });
    const changes = again[Symbol.asyncIterator]();
    let confirmed = null;
    for (let count = 0; count < 6; count += 1) {
      const { value } = await changes.next();
      confirmed = value;
    }
    assert.equal(confirmed.data, 'COMMIT');
    assert.equal(again.acknowledge(confirmed), confirmed.lsn);
    await changes.return();
    assert.equal(await setting.confirmed(slot), confirmed.lsn);
    const rest = await open(slot, { acknowledge: 'manual' });
    for await (const { data } of rest) {
      if (data === 'BEGIN') continue;
      assert.match(data, /id\[integer\]:2/);
      break;
    }
  });

  // Red when PluginBatch does not count from the items before it.
  test(`a broken connection is not seen in the loop, on ${major}`, async () => {
    const slot = await makeSlot();
    for (let id = 1; id <= 50; id += 1) await setting.insert([id]);
    const stream = await open(slot, { acknowledge: 'manual' });
    const ids = new Set();
    /** @type {any} */
    let last = null;
    for await (const message of stream) {
      const id = Number(/id\[integer\]:(\d+)/.exec(message.data)?.[1]);
      if (!Number.isNaN(id)) ids.add(id);
      if (id === 50 && stream.status().reconnects === 0) {
        await setting.server.sql(
          'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active',
        );
        while (stream.status().reconnects === 0 || !stream.status().connected) await sleep(5);
        await setting.insert([51], [52]);
        continue;
      }
      if (id === 51) {
        // What the server sends now has arrived, and is not confirmed with this.
        await sleep(200);
        assert.equal(stream.acknowledge(message), message.lsn);
        last = message;
      }
      if (id === 52) break;
    }
    assert.equal(ids.size, 52);
    assert.equal(await setting.confirmed(slot), last.lsn);
  });

  test(`what does not fit another plugin is refused, on ${major}`, async () => {
    const slot = await makeSlot();
    for (const options of [
      { plugin: 5 },
      { plugin: 'pgoutput' },
      { pluginOutput: 'json' },
      { pluginOptions: { a: {} } },
    ]) {
      await assert.rejects(open(slot, options), { code: 'WALSCOPE_BAD_OPTION' });
    }
    await assert.rejects(open(slot, { publications: ['p'] }), { code: 'WALSCOPE_CONFIG' });
    await assert.rejects(open(slot, { plugin: 'wal2json' }), /uses the plugin test_decoding/);
    const unknown = await open(slot, { pluginOptions: { nosuch: 1 } }).catch(
      (/** @type {any} */ error) => error,
    );
    assert.equal(unknown.code, '22023');
    const stream = await open(slot);
    assert.throws(() => stream.transactions(), { code: 'WALSCOPE_BAD_OPTION' });
    await stream.close();
  });
}
