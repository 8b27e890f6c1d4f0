// The harness itself: every major version starts, does what a test asks of it, and leaves nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import pg from 'pg';
import { MAJORS, PASSWORD, startServer } from './postgres.js';

/** @param {number} pid */
function processIsThere(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

for (const major of MAJORS) {
  test(`PostgreSQL ${major} starts and leaves nothing`, async () => {
    const server = await startServer({ major });
    const { pid, folder } = server;
    try {
      assert.ok(pid && processIsThere(pid) && existsSync(folder));
      const [{ server_version: version }] = await server.sql('SHOW server_version');
      assert.match(version, new RegExp(`^${major}\\.`));
      assert.deepEqual(await server.sql('SHOW wal_level'), [{ wal_level: 'logical' }]);
    } finally {
      await server.stop();
    }
    assert.ok(!processIsThere(pid), 'the server still runs');
    assert.ok(!existsSync(folder), `${folder} is still there`);
  });
}

test('a restart keeps port and data, and a kill is a crash', async () => {
  const server = await startServer({ major: 16 });
  try {
    const { port } = server;
    await server.sql('CREATE TABLE t (id int)');
    await server.sql('INSERT INTO t VALUES ($1)', [7]);
    await server.restart();
    assert.deepEqual(await server.sql('TABLE t'), [{ id: 7 }]);
    await server.kill();
    assert.equal(server.pid, undefined);
    await assert.rejects(server.sql('TABLE t'));
    await server.restart();
    assert.equal(server.port, port);
    assert.deepEqual(await server.sql('TABLE t'), [{ id: 7 }]);
    assert.match(await server.log(), /database system was not properly shut down/);
  } finally {
    await server.stop();
  }
});

test('settings and pg_hba lines are taken', async () => {
  const hba = ['local walscope_closed all reject'];
  const server = await startServer({ settings: { application_name: "it's me" }, hba });
  try {
    assert.deepEqual(await server.sql('SHOW application_name'), [{ application_name: "it's me" }]);
    await server.sql('CREATE DATABASE walscope_closed');
    await assert.rejects(server.client('walscope_closed'), { code: '28000' });
  } finally {
    await server.stop();
  }
});

test('every role signs in its own way', async () => {
  const server = await startServer({ major: 14 });
  /** @param {import('./postgres.js').UrlParts} parts */
  const signIn = async (parts) => {
    const client = new pg.Client({ connectionString: server.url(parts) });
    await client.connect();
    await client.end();
  };
  try {
    for (const user of ['postgres', 'scram_user', 'md5_user', 'password_user']) {
      await signIn({ user, password: PASSWORD });
      await assert.rejects(signIn({ user, password: 'wrong' }), { code: '28P01' });
    }
    await signIn({ user: 'trust_user', password: 'wrong' });
  } finally {
    await server.stop();
  }
});

/**
 * Asks for TLS as PostgreSQL's protocol does and resolves to Node's verdict on the certificate.
 * @param {number} port
 * @param {string} caFile
 * @param {string} host
 */
async function verdict(port, caFile, host) {
  const socket = new Socket().connect(port, '127.0.0.1');
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  const [answer] = await once(socket, 'data');
  assert.equal(answer.toString(), 'S');
  const ca = await readFile(caFile);
  const secure = connect({ socket, ca, host, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const error = secure.authorizationError;
  secure.destroy();
  return error ? String(error) : 'trusted';
}

test('TLS: the certificate is trusted by its authority, for its name', async () => {
  const server = await startServer({ tls: true });
  try {
    assert.ok(server.tls);
    const { caFile, otherCaFile } = server.tls;
    assert.equal(await verdict(server.port, caFile, 'localhost'), 'trusted');
    assert.equal(await verdict(server.port, caFile, '127.0.0.1'), 'trusted');
    assert.match(await verdict(server.port, otherCaFile, 'localhost'), /UNABLE_TO_VERIFY/);
  } finally {
    await server.stop();
  }
});

test('TLS: a certificate may be for another name', async () => {
  const server = await startServer({ tls: { names: ['elsewhere.example'] } });
  try {
    assert.ok(server.tls);
    assert.match(
      await verdict(server.port, server.tls.caFile, 'localhost'),
      /ERR_TLS_CERT_ALTNAME/,
    );
  } finally {
    await server.stop();
  }
});

test('WALSCOPE_TEST_URL gives a test a database of its own on that server', async () => {
  const machine = await startServer({ major: 15 });
  process.env.WALSCOPE_TEST_URL = machine.url();
  try {
    const server = await startServer();
    await server.sql('CREATE TABLE t (id int)');
    await server.sql("SELECT pg_create_logical_replication_slot('external', 'pgoutput')");
    const [{ current_database: database }] = await server.sql('SELECT current_database()');
    assert.equal(new URL(server.url()).pathname, `/${database}`);
    await assert.rejects(server.kill(), /WALSCOPE_TEST_URL/);
    await server.stop();
    const left = await machine.sql('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    assert.deepEqual(left, []);
    assert.deepEqual(await machine.sql('SELECT slot_name FROM pg_replication_slots'), []);
  } finally {
    delete process.env.WALSCOPE_TEST_URL;
    await machine.stop();
  }
});

test('a failed start quotes the log', async () => {
  const settings = { no_such_setting: 1 };
  await assert.rejects(startServer({ settings }), /unrecognized configuration parameter/);
});

const VICTIM = `
  import { startServer } from '${new URL('postgres.js', import.meta.url)}';
  const server = await startServer({ major: 17 });
  console.log(JSON.stringify({ pid: server.pid, folder: server.folder }));
  setInterval(() => {}, 1000);
`;

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGKILL'])) {
  test(`a test ended by ${signal} leaves nothing`, async () => {
    const args = ['--input-type=module', '--eval', VICTIM];
    const victim = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(victim.stdout, 'data');
    const { pid, folder } = JSON.parse(line);
    assert.ok(processIsThere(pid) && existsSync(folder));
    victim.kill(signal);
    const deadline = Date.now() + 20_000;
    while ((processIsThere(pid) || existsSync(folder)) && Date.now() < deadline) await sleep(20);
    assert.ok(!processIsThere(pid), 'the server still runs');
    assert.ok(!existsSync(folder), `${folder} is still there`);
  });
}
