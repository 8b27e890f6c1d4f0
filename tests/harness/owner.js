// The user that servers run as. PostgreSQL refuses to run as root, so root drops its rights.

import { execFileSync } from 'node:child_process';

/** @typedef {{ uid: number, gid: number }} Owner */

/**
 * @param {string} name
 * @param {'-u' | '-g'} which
 */
function idOf(name, which) {
  return Number(
    execFileSync('id', [which, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

/** @returns {Owner | null} */
function findOwner() {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf(name, '-u'), gid: idOf(name, '-g') };
    } catch {
      // There is no such user: the next name.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as: ' +
      'make one of them, or run as another user',
  );
}

/** @type {Owner | null | undefined} */
let found;

/**
 * The user to run servers as, null for the user that runs this process.
 * @returns {Owner | null}
 */
export function serverOwner() {
  if (found === undefined) found = findOwner();
  return found;
}

/**
 * The environment of a server: nothing of the caller's PostgreSQL settings, language or time zone.
 * @returns {NodeJS.ProcessEnv}
 */
export function serverEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(own), LC_ALL: 'C', TZ: 'UTC' };
}
