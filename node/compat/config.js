/** What programs pass to `pg-logical-replication`, as walscope's settings. What has none is refused. */

import { badOption, refuseUnknown } from '../decoding/options.js';

/**
 * @typedef {Record<string, unknown>} Target what `connect` takes
 *
 * @typedef {object} ServiceConfig
 * @property {{ auto: boolean, timeoutSeconds: number }} acknowledge
 * @property {{ enabled: boolean }} flowControl
 * @property {Record<string, (text: string) => unknown>} [types]
 */

/** Settings of node-postgres, and of libpq beside them, that `connect` takes as they are. */
const SAME = [
  'application_name',
  'channel_binding',
  'database',
  'fallback_application_name',
  'host',
  'options',
  'password',
  'port',
  'sslmode',
  'sslrootcert',
  'user',
];
/** Those that say where the server is, which a connection string does too. */
const PLACE = ['database', 'host', 'password', 'port', 'user'];
const TRANSLATED = [
  'connectionString',
  'connectionTimeoutMillis',
  'enableChannelBinding',
  'keepAlive',
  'keepAliveInitialDelayMillis',
  'replication',
  'ssl',
];

/** What to do instead of settings that are refused. */
const INSTEAD = new Map([
  ['types', 'give functions by type in the second argument: { types: { int8: BigInt } }'],
  ['ssl.ca', 'put the certificates into a file, and its path into sslrootcert'],
  ['replication', "it can be 'database', or left out"],
]);

/**
 * @param {Record<string, any>} config
 * @returns {ServiceConfig}
 */
export function serviceConfig(config) {
  refuseUnknown(config, ['acknowledge', 'flowControl', 'types']);
  const { acknowledge = {}, flowControl = {}, types } = config;
  refuseUnknown(acknowledge, ['auto', 'timeoutSeconds']);
  refuseUnknown(flowControl, ['enabled']);
  return {
    // `timeoutSeconds` has nothing to do: the server is told by a clock that does not confirm.
    acknowledge: { auto: true, timeoutSeconds: 10, ...acknowledge },
    flowControl: { enabled: false, ...flowControl },
    ...(types === undefined ? {} : { types }),
  };
}

/**
 * @param {Record<string, any>} clientConfig
 * @returns {Target}
 */
export function connectTarget(clientConfig) {
  for (const [name, value] of Object.entries(clientConfig)) {
    const known = SAME.includes(name) || TRANSLATED.includes(name);
    if (value === undefined || known) continue;
    throw refused(name);
  }
  const { connectionString, replication = 'database', ssl } = clientConfig;
  if (replication !== 'database') throw refused('replication');
  const same = SAME.map((name) => [name, clientConfig[name]]);
  const all = { ...Object.fromEntries(same), ...connectionOf(clientConfig), ...tlsOf(ssl) };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  if (connectionString === undefined) return Object.fromEntries(given);
  // Refused by `connect`, but for the password, which it takes.
  const place = given.filter(([name]) => PLACE.includes(name));
  const others = given.filter(([name]) => !PLACE.includes(name));
  return { ...Object.fromEntries(place), connectionString: extended(connectionString, others) };
}

/**
 * A connection string with more settings, where it does not have them itself.
 *
 * @param {string} text
 * @param {[string, unknown][]} settings
 * @returns {string}
 */
function extended(text, settings) {
  const mark = text.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1));
  const missing = settings.filter(([name]) => !query.has(name));
  const added = missing.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  if (added.length === 0) return text;
  return `${text}${mark < 0 ? '?' : '&'}${added.join('&')}`;
}

/**
 * @param {Record<string, any>} clientConfig
 * @returns {Record<string, unknown>}
 */
function connectionOf({
  connectionTimeoutMillis,
  enableChannelBinding,
  keepAlive,
  keepAliveInitialDelayMillis,
}) {
  return {
    ...(connectionTimeoutMillis === undefined
      ? {}
      : { connect_timeout: seconds(connectionTimeoutMillis) }),
    ...(enableChannelBinding === false ? { channel_binding: 'disable' } : {}),
    ...(keepAlive === undefined ? {} : { keepalives: keepAlive ? 1 : 0 }),
    // 0 is the system's own there.
    ...(keepAliveInitialDelayMillis > 0
      ? { keepalives_idle: seconds(keepAliveInitialDelayMillis) }
      : {}),
  };
}

/**
 * @param {number} milliseconds
 * @returns {number}
 */
function seconds(milliseconds) {
  return Math.ceil(milliseconds / 1000);
}

/**
 * @param {boolean | Record<string, unknown> | undefined} ssl
 * @returns {Record<string, unknown>}
 */
function tlsOf(ssl) {
  if (ssl === undefined) return {};
  if (ssl === false) return { sslmode: 'disable' };
  const { rejectUnauthorized = true, ...others } = ssl === true ? {} : ssl;
  const [other] = Object.keys(others);
  if (other !== undefined) throw refused(`ssl.${other}`);
  if (!rejectUnauthorized) return { sslmode: 'require' };
  return { sslmode: 'verify-full', sslrootcert: 'system' };
}

/** @param {string} name */
function refused(name) {
  return badOption(
    `the client's setting ${name} cannot be honoured by walscope/compat`,
    INSTEAD.get(name) ?? `leave it out; there are ${[...SAME, ...TRANSLATED].sort().join(', ')}`,
  );
}
