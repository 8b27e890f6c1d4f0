// The example back-up.js: a server starts on what it makes, and what it does not finish is gone.

import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { capture } from '../../harness/command.js';
import { startServer } from '../../harness/postgres.js';
import { rejection } from '../decoder/helpers.js';
import { withExample } from './program.js';

const setting = withExample(
  'back-up.js',
  'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 50000) n',
);

test('a server starts on the files', async () => {
  const folder = join(setting.folder, 'monday');
  const program = setting.run(folder);
  const { code, errors } = await program.end();
  assert.equal(code, 0, errors);
  assert.match(program.output, /^\nfrom 0\/[0-9A-F]+ to 0\/[0-9A-F]+: .*\/monday$/m);
  assert.match(errors, /^100%, \d+ MB, \d+ MB\/s/m);
  assert.deepEqual((await readdir(folder)).sort(), ['backup_manifest', 'base.tar.gz']);
  const restored = await startServer({
    major: 18,
    make: async (dataDir) => {
      await mkdir(dataDir, { mode: 0o700 });
      await capture('tar', ['-xzf', join(folder, 'base.tar.gz'), '-C', dataDir]);
    },
  });
  try {
    const query = "SELECT count(*), md5(string_agg(n || text, ',' ORDER BY n)) FROM t";
    assert.deepEqual(await restored.sql(query), await setting.server.sql(query));
  } finally {
    await restored.stop();
  }
});

// Red without the `rm` in the example, and when it writes into the folder itself.
test('an interrupted backup leaves nothing', async () => {
  const folder = join(setting.folder, 'tuesday');
  // So slowly that it does not end before the signal comes.
  const program = setting.run(folder, '32');
  await program.prints(/base\.tar/, 'errors');
  const { message } = await rejection(program.interrupt());
  assert.match(message, /^it ended with 1: [^]*\ninterrupted\n$/);
  const left = (await readdir(dirname(folder))).filter((name) => name.startsWith('tuesday'));
  assert.deepEqual(left, []);
});
