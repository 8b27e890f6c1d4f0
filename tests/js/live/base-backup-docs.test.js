// The code of the guide to base backups, run as it stands but for names of packages, server, folder.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { capture } from '../../harness/command.js';
import { withServer } from './setting.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const setting = withServer({ settings: { summarize_wal: true } });

test('the guide to base backups', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-backups-'));
  try {
    await mkdir(join(folder, 'tar'));
    const text = await readFile(join(ROOT, 'node/docs/base-backups.md'), 'utf8');
    const walscope = pathToFileURL(join(ROOT, 'node/index.js')).href;
    const outputs = [];
    for (const [, code = ''] of text.matchAll(/^```js\n(.*?)^```$/gms)) {
      const script = join(folder, 'snippet.mjs');
      await writeFile(
        script,
        code
          .replaceAll("'walscope'", `'${walscope}'`)
          .replaceAll('postgres://localhost/postgres', setting.server.url())
          .replaceAll('/backups/', `${folder}/`),
      );
      outputs.push(await capture(process.execPath, [script]));
    }
    const [unpacked, archives, label, incremental, ...more] = outputs;
    assert.match(unpacked ?? '', /^(\d+) of \1 bytes\nwhole at 0\/[0-9A-F]+$/m);
    assert.match(archives ?? '', /endLsn: '0\/[0-9A-F]+'/);
    assert.match(label ?? '', /^LABEL: walscope base backup$/m);
    assert.equal(incremental, '');
    assert.deepEqual(more, []);
    assert.deepEqual((await readdir(join(folder, 'tar'))).sort(), [
      'backup_manifest.gz',
      'base.tar.gz',
    ]);
    for (const day of ['monday', 'tuesday']) {
      assert.ok((await readdir(join(folder, day))).includes('backup_manifest'), day);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
