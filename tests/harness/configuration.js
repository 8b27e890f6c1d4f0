// What a test server's configuration files say.

import { appendFile, chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from './certificates.js';

/** @typedef {Record<string, string | number | boolean>} Settings */

/** @type {Settings} */
const DEFAULTS = {
  wal_level: 'logical',
  max_wal_senders: 32,
  max_replication_slots: 32,
  max_prepared_transactions: 16,
  shared_buffers: '16MB',
  // Data that is thrown away need not survive a power cut.
  fsync: false,
  listen_addresses: '127.0.0.1',
};

// The socket is the harness's own way in, whatever a test does to TCP.
const HBA = [
  'local all,replication all trust',
  'host all,replication md5_user all md5',
  'host all,replication password_user all password',
  'host all,replication trust_user all trust',
  'host all,replication all all scram-sha-256',
];

/** @param {Settings} settings */
function settingLines(settings) {
  const quote = (/** @type {unknown} */ value) => `'${String(value).replaceAll("'", "''")}'`;
  return Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}\n`);
}

/**
 * Writes the files of a data directory that was copied from a template.
 * @param {object} server
 * @param {string} server.folder
 * @param {string} server.dataDir
 * @param {import('./owner.js').Owner | null} server.owner
 * @param {Settings} [server.settings]
 * @param {string[]} [server.hba] lines that come before the harness's own
 * @param {string[] | null} server.tlsNames whom the certificate is for; null for no TLS
 * @returns {Promise<{ caFile: string, otherCaFile: string } | null>}
 */
export async function configure({ folder, dataDir, owner, settings, hba = [], tlsNames }) {
  const all = { ...DEFAULTS, unix_socket_directories: folder };
  let tls = null;
  if (tlsNames) {
    const tlsFolder = join(folder, 'tls');
    await mkdir(tlsFolder);
    const files = await makeCertificates(tlsFolder, tlsNames);
    await chmod(files.keyFile, 0o600);
    if (owner) await chown(files.keyFile, owner.uid, owner.gid);
    Object.assign(all, { ssl: true, ssl_cert_file: files.certFile, ssl_key_file: files.keyFile });
    tls = { caFile: files.caFile, otherCaFile: files.otherCaFile };
  }
  const lines = settingLines({ ...all, ...settings });
  await appendFile(join(dataDir, 'postgresql.conf'), `\n${lines.join('')}`);
  await writeFile(join(dataDir, 'pg_hba.conf'), `${[...hba, ...HBA].join('\n')}\n`);
  return tls;
}
