// The folder outside the tree where servers and template data directories are kept, and the one
// safe way to put something there.

import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A half-made entry that is older than this belongs to nobody any more. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * `WALSCOPE_CACHE`, else /var/cache/walscope for root, whose home is closed to the user that
 * servers run as, else walscope in the user's own cache folder.
 */
export function cacheRoot() {
  if (process.env.WALSCOPE_CACHE) return process.env.WALSCOPE_CACHE;
  if (process.getuid?.() === 0) return '/var/cache/walscope';
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'walscope');
}

/** @param {string} path */
async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Half-made entries are left behind only by a process that was killed while it made one.
 * @param {string} parent
 */
async function removeAbandoned(parent) {
  for (const name of await readdir(parent)) {
    if (!name.startsWith('.new-')) continue;
    const path = join(parent, name);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Makes an entry of the cache once. It is filled under another name and then renamed, so that an
 * entry which is there is complete, and two processes that make it at once do not meet.
 * @param {string} path the entry
 * @param {(folder: string) => Promise<void>} fill makes the content of the folder, or throws
 * @returns {Promise<string>} the entry
 */
export async function keepOnce(path, fill) {
  if (await exists(path)) return path;
  const parent = dirname(path);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  await removeAbandoned(parent);
  const folder = await mkdtemp(join(parent, `.new-${basename(path)}-`));
  try {
    await chmod(folder, 0o755);
    await fill(folder);
    await rename(folder, path);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    // Another process was first: its entry is as good as ours.
    if (!(await exists(path))) throw error;
  }
  return path;
}
