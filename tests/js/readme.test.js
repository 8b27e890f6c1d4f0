// The JavaScript in the README, run as it stands but for names of packages and servers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startServer } from '../harness/postgres.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CAPTURE = join(ROOT, 'tests/fixtures/pg18/kinds.walcap');

/** @type {string} */
let folder;
/** @type {string[]} */
let snippets;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walscope-readme-'));
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  snippets = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);
});

after(() => rm(folder, { recursive: true }));

/**
 * Starts the snippet that imports from a package.
 * @param {string} name of the package
 * @param {string} file that stands for it
 * @param {(code: string) => string} change
 */
async function start(name, file, change) {
  const snippet = snippets.find((code) => code.includes(`from '${name}'`));
  assert.ok(snippet, `the README shows ${name}`);
  const url = pathToFileURL(join(ROOT, file)).href;
  const script = join(folder, `${name}.mjs`);
  await writeFile(script, change(snippet.replace(`from '${name}'`, `from '${url}'`)));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  /** @type {Promise<{ code: number | null, output: string }>} */
  const ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
  return ended;
}

test('the README follows a table in Node', async () => {
  const server = await startServer({ major: 18 });
  try {
    await server.sql('CREATE TABLE users (id int PRIMARY KEY, email text)');
    await server.sql('CREATE PUBLICATION app_pub FOR TABLE users');
    const ended = start('walscope', 'node/index.js', (code) =>
      code.replace('postgres://localhost/app', server.url()),
    );
    const active = "SELECT 1 FROM pg_replication_slots WHERE slot_name = 'app' AND active";
    while ((await server.sql(active)).length === 0)
      await new Promise((done) => setTimeout(done, 50));
    await server.sql("INSERT INTO users VALUES (1, 'a@b')");
    const { code, output } = await ended;
    assert.equal(code, 0, output);
    assert.equal(output, "users { id: 1, email: 'a@b' }\n");
  } finally {
    await server.stop();
  }
});

test('the README decodes a capture with wasm', async () => {
  const { code, output } = await start('walscope-wasm', 'wasm/node.js', (code) =>
    code.replace(
      'await init();',
      `import { readFileSync } from 'node:fs';\nconst bytes = readFileSync(${JSON.stringify(CAPTURE)});\nawait init();`,
    ),
  );
  assert.equal(code, 0, output);
  assert.match(output, /^begin undefined$/m);
  assert.match(output, /^insert \w+/m);
});
