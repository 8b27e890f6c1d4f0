// Plain Node: by import, by require, and both in one program.

import assert from 'node:assert/strict';

const COMPAT = [
  'LogicalReplicationService',
  'PgoutputPlugin',
  'TestDecodingPlugin',
  'Wal2JsonPlugin',
];

export const name = 'Node, by import and by require';

/** @param {import('../setting.js').Setting} setting */
export async function run(setting) {
  const folder = await setting.project('plain', 'plain');
  const byImport = await setting.check(process.execPath, ['imported.mjs'], { cwd: folder });
  const byRequire = await setting.check(process.execPath, ['required.cjs'], { cwd: folder });
  assert.deepEqual(byRequire.names, byImport.names);
  assert.deepEqual(byImport.compat, COMPAT);
  assert.deepEqual(byRequire.compat, COMPAT);
  assert.ok(!byImport.names.includes('default'), 'there is no default export');
  assert.ok(byRequire.sameInstance, 'import and require give one instance');
}
