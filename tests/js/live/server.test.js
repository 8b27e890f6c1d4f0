// What a client does beside streaming: identity, slots and publications, on the oldest and the newest
// server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../node/index.js';
import { PASSWORD } from '../../harness/postgres.js';
import { rejection } from '../decoder/helpers.js';
import { withServer } from './setting.js';

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withServer({ major });

  test(`identifySystem, on ${major}`, async () => {
    const { systemId, timeline, flushedLsn, database } = await setting.client.identifySystem();
    const [row] = await setting.server.sql(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    assert.deepEqual([systemId, timeline, database], [row.id, 1, 'postgres']);
    assert.match(flushedLsn, /^[0-9A-F]+\/[0-9A-F]+$/);
  });

  test(`slots are created, listed, read and dropped, on ${major}`, async () => {
    const { client } = setting;
    const created = await client.createSlot('one', { twoPhase: true });
    assert.deepEqual([created.slot, created.plugin], ['one', 'pgoutput']);
    await client.createSlot('other', { plugin: 'test_decoding' });
    await client.createPhysicalSlot('physical', { reserveWal: true });
    const slots = await client.slots();
    assert.deepEqual(
      slots.map((/** @type {any} */ slot) => [slot.slot, slot.type, slot.plugin, slot.twoPhase]),
      [
        ['one', 'logical', 'pgoutput', true],
        ['other', 'logical', 'test_decoding', false],
        ['physical', 'physical', null, false],
      ],
    );
    const one = await client.slot('one');
    assert.deepEqual(one, slots[0]);
    assert.equal(one.confirmedFlushLsn, created.consistentPoint);
    assert.deepEqual([one.walStatus, one.lost, one.active], ['reserved', null, false]);
    assert.ok(one.retainedBytes >= one.lagBytes);
    assert.equal(await client.slot('nobody'), null);
    if (major === 14) {
      await assert.rejects(client.readSlot('physical'), { code: 'WALSCOPE_UNSUPPORTED' });
      const alter = client.alterSlot('one', { failover: true });
      await assert.rejects(alter, { code: 'WALSCOPE_UNSUPPORTED' });
    } else {
      const position = await client.readSlot('physical');
      assert.deepEqual(Object.keys(position), ['restartLsn', 'restartTimeline']);
      assert.equal(await client.readSlot('nobody'), null);
      await client.alterSlot('one', { failover: true });
      assert.equal((await client.slot('one')).failover, true);
    }
    for (const { slot } of slots) assert.equal(await client.dropSlot(slot), true);
    await assert.rejects(client.dropSlot('one'), { code: '42704' });
    assert.equal(await client.dropSlot('one', { ifExists: true }), false);
    assert.deepEqual(await client.slots(), []);
  });

  // Red when `run` in node/src/client.rs does not look at `closed`: the drop would wait for ever.
  test(`a drop waits for who uses the slot, and ends with the client, on ${major}`, async () => {
    const slot = await setting.slot();
    const client = await connect(setting.server.url());
    const holder = await setting.stream(slot);
    await assert.rejects(client.dropSlot(slot), { code: '55006' });
    const dropped = setting.client.dropSlot(slot, { wait: true });
    const given = rejection(client.dropSlot(slot, { wait: true }));
    await sleep(300);
    await client.close();
    assert.equal(/** @type {any} */ (await given).code, 'WALSCOPE_CLOSED');
    await assert.rejects(client.slots(), { code: 'WALSCOPE_CLOSED' });
    await holder.close();
    assert.equal(await dropped, true);
    assert.equal(await setting.client.slot(slot), null);
  });

  test(`an exported snapshot shows what the slot will not send, on ${major}`, async () => {
    await setting.server.sql('TRUNCATE t');
    await setting.insert([1]);
    const snapshot = await setting.client.exportSnapshot('copy');
    await setting.insert([2]);
    await setting.server.sql(snapshot.beginSql);
    const rows = await setting.server.sql('SELECT id FROM t');
    await setting.server.sql('COMMIT');
    assert.deepEqual(rows, [{ id: 1 }]);
    assert.match(snapshot.consistentPoint, /^[0-9A-F]+\/[0-9A-F]+$/);
    await snapshot.release();
    await setting.client.dropSlot('copy');
  });

  test(`publications are created, altered, listed and dropped, on ${major}`, async () => {
    const { client, server } = setting;
    await server.sql('CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, b text, c int)');
    const parts = major === 14 ? {} : { columns: ['id', 'b'], filter: 'id > 5' };
    const table = { schema: 's', table: 'a', ...parts };
    await client.createPublication('one', { tables: [table], publish: ['insert'] });
    await client.createPublication('all', { allTables: true, viaPartitionRoot: true });
    const [all, one] = await client.publications();
    assert.deepEqual([all.name, all.allTables, all.viaPartitionRoot], ['all', true, true]);
    assert.deepEqual([one.publish, one.owner], [['insert'], 'postgres']);
    const { filter, ...rest } = one.tables[0];
    const { filter: asked, ...expected } = /** @type {any} */ (table);
    assert.deepEqual(rest, { ...expected, only: true });
    assert.equal(filter, asked && `(${asked})`);
    const published = await client.publishedTables('one');
    assert.deepEqual([published.length, published[0].table], [1, 'a']);
    await client.alterPublication('one', { add: { tables: [{ table: 't' }] } });
    await client.alterPublication('one', { options: { publish: ['insert', 'delete'] } });
    await client.alterPublication('one', { rename: 'two' });
    const two = (await client.publications()).find((/** @type {any} */ p) => p.name === 'two');
    assert.deepEqual([two.publish, two.tables.length], [['insert', 'delete'], 2]);
    await client.alterPublication('two', { drop: { tables: [{ schema: 's', table: 'a' }] } });
    await client.dropPublication('two');
    await client.dropPublication('all');
    await client.dropPublication('all', { ifExists: true });
    await assert.rejects(client.dropPublication('all'), { code: '42704' });
    const names = (await client.publications()).map((/** @type {any} */ p) => p.name);
    assert.deepEqual(names, ['p']);
  });

  // Red without the question in `SqlConnection::get`.
  test(`a connection that the server has ended is opened again, on ${major}`, async () => {
    let asked = 0;
    const { host, port } = setting.server;
    const client = await connect({
      ...{ host, port, user: 'scram_user', database: 'postgres', application_name: 'mortal' },
      password: () => {
        asked += 1;
        return PASSWORD;
      },
    });
    await client.publications();
    const [{ ended }] = await setting.server.sql(
      `SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity WHERE application_name = 'mortal'`,
    );
    assert.equal(ended, true);
    await client.publications();
    assert.equal(asked, 3);
    await client.close();
  });
}

const refusing = withServer();

test('the folder of a Unix-domain socket is a host', async () => {
  const { folder, port } = refusing.server;
  const options = { host: folder, port, user: 'trust_user', database: 'postgres' };
  const client = await connect({ ...options, application_name: 'by socket' });
  await client.identifySystem();
  const sql = `SELECT DISTINCT client_port FROM pg_stat_activity WHERE application_name = 'by socket'`;
  assert.deepEqual(await refusing.server.sql(sql), [{ client_port: -1 }]);
  await client.close();
  await assert.rejects(connect({ ...options, host: `${folder}/data` }), {
    code: 'WALSCOPE_CONNECT',
    message: `cannot connect to ${folder}/data/.s.PGSQL.${port}: No such file or directory (os error 2)`,
  });
});

test('of several servers the first is taken that will do', async () => {
  const { port } = refusing.server;
  const host = `${refusing.server.folder}/data,127.0.0.1`;
  const options = { host, port, user: 'trust_user', database: 'postgres' };
  const client = await connect({ ...options, target_session_attrs: 'primary' });
  await client.close();
  await assert.rejects(connect({ ...options, target_session_attrs: 'standby' }), {
    name: 'ConnectionError',
    code: 'WALSCOPE_NO_SERVER',
    message: new RegExp(`; 127.0.0.1:${port} is no standby, but target_session_attrs=standby$`),
  });
});

test('what makes no sense is refused before anything is sent', async () => {
  const { client } = refusing;
  for (const act of [
    () => client.slot(''),
    () => client.slot(5),
    () => client.createSlot('s', { temporary: true }),
    () => client.dropSlot('s', { force: true }),
    () => client.alterPublication('p', {}),
    () => client.alterPublication('p', { rename: 'q', owner: 'r' }),
    () => client.alterPublication('p', { add: { table: 't' } }),
    () => client.createPublication('q', { allTables: true, schemas: ['s'] }),
    () => client.createPublication('q', { tables: [{ name: 't' }] }),
  ]) {
    await assert.rejects(act, { code: 'WALSCOPE_BAD_OPTION' }, String(act));
  }
  await assert.rejects(client.alterSlot('s', {}), { code: 'WALSCOPE_CONFIG' });
  await assert.rejects(client.createPublication('q', { publish: ['select'] }), {
    code: 'WALSCOPE_CONFIG',
  });
});
