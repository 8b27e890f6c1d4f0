// The lines of `stringify` are those of `walscope decode`, byte for byte, for what servers of every
// major have sent.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Decoder, stringify } from '../../node/index.js';
import { capturePaths } from '../browser/captures.js';
import { buildCommand, decodeFile } from '../browser/command.js';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const command = buildCommand();

for (const file of capturePaths()) {
  for (const raw of [false, true]) {
    test(`${relative(TESTS, file)}${raw ? ', raw' : ''}`, async () => {
      const { lines, failed, problem } = decodeFile(command, file, raw ? ['--raw'] : []);
      const bytes = await readFile(file);
      let made = '';
      /** @type {any} */
      let error = null;
      try {
        // Rows, not changes: those of an SQL_ASCII database cannot become objects with texts.
        const decoder = new Decoder({ raw });
        for (const row of decoder.push(bytes)) made += `${stringify(row)}\n`;
        for (const row of decoder.end()) made += `${stringify(row)}\n`;
      } catch (thrown) {
        error = thrown;
      }
      assert.equal(made, lines);
      assert.equal(error !== null, failed, `${error} / ${problem}`);
      if (error !== null) assert.ok(problem.includes(error.message), `${error} / ${problem}`);
    });
  }
}
