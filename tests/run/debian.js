// Debian packages that tests need: installed by name for root, asked for elsewhere.

import { existsSync } from 'node:fs';
import { ask, run, StepError } from './program.js';

/**
 * @typedef {object} Need
 * @property {string} package
 * @property {string} file that shows that it is there, whoever brought it
 * @property {string} [override] environment variable that names another place of it
 */

/** @type {Need} */
export const CHROMIUM = {
  package: 'chromium',
  file: '/usr/bin/chromium',
  override: 'WALSCOPE_CHROMIUM',
};

/** What tests in Rust compare with, and what makes system calls fail. @type {Need[]} */
export const TOOLS = [
  {
    package: 'postgresql-15',
    file: '/usr/lib/postgresql/15/bin/pg_waldump',
    override: 'WALSCOPE_PG_TOOLS',
  },
  { package: 'strace', file: '/usr/bin/strace' },
];

/**
 * @param {Need} need
 * @param {(text: string) => void} say
 */
export async function installDebianPackage(need, say) {
  if (existsSync(need.file) || (need.override && process.env[need.override])) return;
  const command = `apt-get install --yes --no-install-recommends ${need.package}`;
  if (process.getuid?.() !== 0 || ask('apt-get', ['--version']) === null) {
    throw new StepError(
      `tests need ${need.file}: run as root \`${command}\`` +
        (need.override ? `, or name another place of it in ${need.override}` : ''),
    );
  }
  say(`installing Debian's ${need.package} (a minute or two)`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Somebody else's apt-get may hold the lock for a while.
  const patient = ['-qq', '-o', 'DPkg::Lock::Timeout=600'];
  await run('apt-get', [...patient, 'update'], { env });
  await run('apt-get', [...patient, ...command.split(' ').slice(1)], { env });
}
