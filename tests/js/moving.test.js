// The guides for users of other packages. Their programs, those of the other package and those of
// walscope, are run as they stand but for names of packages and servers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startServer } from '../harness/postgres.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the packages are that the guides import. */
const PACKAGES = {
  walscope: 'node/index.js',
  'walscope/compat': 'node/compat.js',
  'pg-logical-replication': 'tests/rivals/node_modules/pg-logical-replication/dist/index.js',
  postgres: 'tests/rivals/node_modules/postgres/src/index.js',
};

/** @type {string} */
let folder;
/** @type {import('../harness/postgres.js').Server} */
let server;
let users = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walscope-moving-'));
  server = await startServer({ major: 18 });
  await server.sql('CREATE TABLE users (id int PRIMARY KEY, email text)');
  await server.sql('CREATE PUBLICATION app_pub FOR TABLE users');
  await server.sql(`SELECT pg_create_logical_replication_slot('app', 'pgoutput')`);
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/**
 * The programs of a guide, with where they are from.
 * @param {string} guide
 */
async function programsOf(guide) {
  const text = await readFile(join(ROOT, 'node/docs', guide), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => {
    const name = /** @type {keyof typeof PACKAGES} */ (/from '(.*)'/.exec(String(code))?.[1]);
    const url = pathToFileURL(join(ROOT, PACKAGES[name])).href;
    const replaced = String(code).replace(`from '${name}'`, `from '${url}'`);
    assert.ok(replaced.includes('postgres://localhost/app'));
    return { name, code: replaced.replace('postgres://localhost/app', server.url()) };
  });
}

/** @param {boolean} wanted */
async function somebodyStreams(wanted) {
  for (;;) {
    const rows = await server.sql('SELECT pid FROM pg_stat_replication WHERE state = $1', [
      'streaming',
    ]);
    if (rows.length > 0 === wanted) return;
    await sleep(20);
  }
}

/**
 * Starts a program, inserts a user, and waits until the program prints it.
 * @param {string} code
 */
async function run(code) {
  const script = join(folder, 'program.mjs');
  await writeFile(script, code);
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    await Promise.race([somebodyStreams(true), ended]);
    users += 1;
    await server.sql('INSERT INTO users VALUES ($1, $2)', [users, 'a@b']);
    await new Promise((resolve, reject) => {
      let output = '';
      const look = (/** @type {Buffer} */ data) => {
        output += data;
        if (output.includes(`{ id: ${users}, email: 'a@b' }`)) resolve(undefined);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`it ended, and printed: ${output}`)));
    });
  } finally {
    child.kill('SIGKILL');
    await ended;
    await somebodyStreams(false);
  }
}

for (const [guide, count] of /** @type {const} */ ([
  ['moving-from-pg-logical-replication.md', 3],
  ['moving-from-postgres-js.md', 2],
])) {
  test(`the programs of ${guide} follow a table`, async () => {
    const programs = await programsOf(guide);
    assert.equal(programs.length, count);
    for (const { code } of programs) await run(code);
  });
}

// What is not always the same: positions in the log, and how much had arrived before the timer struck.
const VARIABLE = /[0-9A-F]+\/[0-9A-F]+|\d+(?= of 300)/g;

test('pg-logical-replication has the defects that its guide shows', async () => {
  const child = spawn(process.execPath, [join(ROOT, 'tests/rivals/defects.js')]);
  let printed = '';
  child.stdout.on('data', (data) => (printed += data));
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
  const guide = await readFile(
    join(ROOT, 'node/docs/moving-from-pg-logical-replication.md'),
    'utf8',
  );
  const [, shown = ''] = /^```\n(1\. .*?)^```$/ms.exec(guide) ?? [];
  assert.equal(printed.replace(VARIABLE, '…'), shown.replace(VARIABLE, '…'));
  const [, again] = /come (\d+) of 300/.exec(printed) ?? [];
  assert.ok(Number(again) < 300);
});
