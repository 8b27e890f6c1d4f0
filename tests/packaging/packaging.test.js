// The packages as they are published: packed, installed into an empty folder, and used by real tools.

import { after, before, test } from 'node:test';
import { HOSTS } from './hosts.js';
import { Setting } from './setting.js';

const TIMEOUT_MS = 300_000;

const all = process.env.WALSCOPE_PACKAGING === 'all';
const only = process.env.WALSCOPE_PACKAGING_ONLY?.split(',');
const setting = new Setting();

before(() => setting.start(), { timeout: TIMEOUT_MS });
after(() => setting.stop());

for (const { name, slow, run } of HOSTS) {
  if (only ? !only.some((word) => name.includes(word)) : slow && !all) continue;
  test(name, { timeout: TIMEOUT_MS }, () => run(setting));
}
