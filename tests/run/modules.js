// Installs a folder's npm packages when its lock file is not the one they were installed from.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './program.js';

/**
 * @param {string} folder with a package-lock.json
 * @param {(text: string) => void} say
 */
export async function installModules(folder, say) {
  const lock = await readFile(join(folder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = join(folder, 'node_modules/.walscope-lock');
  const installed = await readFile(stamp, 'utf8').catch(() => '');
  if (installed === wanted) return;
  say('installing npm packages (some seconds)');
  // No package that walscope uses needs its install scripts.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  await run('npm', args, { cwd: folder });
  await writeFile(stamp, wanted);
}
