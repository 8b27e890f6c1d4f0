#!/usr/bin/env node
// The packaging tests by themselves, the slow ones too:
//
//   node tests/packaging/index.js                    what `npm test` runs
//   node tests/packaging/index.js --all              every host
//   node tests/packaging/index.js --only Vite,Bun    some, by words of their names
//   node tests/packaging/index.js --update-lists     writes the lists of the tarballs' files
//
// The addon and the wasm package have to be built: npm test -- packaging builds them.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHROMIUM, installDebianPackage } from '../run/debian.js';
import { installModules } from '../run/modules.js';
import { ROOT, run, StepError } from '../run/program.js';

const TEST = fileURLToPath(new URL('packaging.test.js', import.meta.url));

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean' },
      only: { type: 'string' },
      'update-lists': { type: 'boolean' },
    },
  });
  const only = values['update-lists'] ? 'contents' : values.only;
  for (const folder of ['.', 'tests', 'tests/browser', 'tests/packaging']) {
    await installModules(`${ROOT}/${folder}`, say);
  }
  await installDebianPackage(CHROMIUM, say);
  await run(process.execPath, ['--test', '--test-reporter=spec', TEST], {
    env: {
      ...(values.all ? { WALSCOPE_PACKAGING: 'all' } : {}),
      ...(only ? { WALSCOPE_PACKAGING_ONLY: only } : {}),
      ...(values['update-lists'] ? { WALSCOPE_UPDATE_LISTS: '1' } : {}),
    },
  });
}

main().catch((error) => {
  process.stderr.write(`${error instanceof StepError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
