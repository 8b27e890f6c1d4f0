// The decoder's suite on the addon.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as host from '../../node/index.js';
import { load } from './captures.js';
import { CASES } from './decoder/index.js';

for (const { name, run } of CASES) {
  test(`addon: ${name}`, () => run({ host, assert, load }));
}
