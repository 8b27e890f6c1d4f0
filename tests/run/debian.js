// Debian packages that tests need: installed by name for root, asked for elsewhere.

import { existsSync } from 'node:fs';
import { ask, run, StepError } from './program.js';

/**
 * @typedef {object} Need
 * @property {string} package
 * @property {string} file that shows that it is there, whoever brought it
 * @property {string} override environment variable that names another place of it
 */

/** @type {Need} */
export const CHROMIUM = {
  package: 'chromium',
  file: '/usr/bin/chromium',
  override: 'WALSCOPE_CHROMIUM',
};

/**
 * @param {Need} need
 * @param {(text: string) => void} say
 */
export async function installDebianPackage(need, say) {
  if (process.env[need.override] || existsSync(need.file)) return;
  const command = `apt-get install --yes --no-install-recommends ${need.package}`;
  if (process.getuid?.() !== 0 || ask('apt-get', ['--version']) === null) {
    throw new StepError(
      `tests need ${need.file}: run as root \`${command}\`, ` +
        `or name another place of it in ${need.override}`,
    );
  }
  say(`installing Debian's ${need.package} (a minute or two)`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Somebody else's apt-get may hold the lock for a while.
  const patient = ['-qq', '-o', 'DPkg::Lock::Timeout=600'];
  await run('apt-get', [...patient, 'update'], { env });
  await run('apt-get', [...patient, ...command.split(' ').slice(1)], { env });
}
