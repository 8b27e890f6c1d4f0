// Certificates for one test server, made on the fly: an authority, a certificate that it signed,
// and a second authority that signed nothing.

import { webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 60 * 60 * 1000;

/** @returns {Promise<typeof import('@peculiar/x509')>} */
async function loadX509() {
  try {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    x509.cryptoProvider.set(/** @type {any} */ (webcrypto));
    return x509;
  } catch (cause) {
    throw new Error('TLS needs the packages of tests/: run `npm ci` there', { cause });
  }
}

function validity() {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 30 * DAY_MS) };
}

/**
 * @param {typeof import('@peculiar/x509')} x509
 * @param {string} name
 */
async function makeAuthority(x509, name) {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys: /** @type {any} */ (keys),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
    ],
  });
  return { keys, certificate };
}

/**
 * @param {string} value
 * @returns {{ type: 'ip' | 'dns', value: string }}
 */
function alternativeName(value) {
  return { type: isIP(value) ? 'ip' : 'dns', value };
}

/**
 * Writes ca.crt, other-ca.crt, server.crt and server.key into a folder.
 * @param {string} folder
 * @param {string[]} names DNS names and addresses that the server's certificate is for
 */
export async function makeCertificates(folder, names) {
  const x509 = await loadX509();
  const authority = await makeAuthority(x509, 'walscope test authority');
  const other = await makeAuthority(x509, 'walscope other authority');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: `CN=${names[0]}`,
    issuer: authority.certificate.subject,
    publicKey: /** @type {any} */ (keys.publicKey),
    signingKey: /** @type {any} */ (authority.keys.privateKey),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const files = {
    caFile: join(folder, 'ca.crt'),
    otherCaFile: join(folder, 'other-ca.crt'),
    certFile: join(folder, 'server.crt'),
    keyFile: join(folder, 'server.key'),
  };
  await writeFile(files.caFile, authority.certificate.toString('pem'));
  await writeFile(files.otherCaFile, other.certificate.toString('pem'));
  await writeFile(files.certFile, certificate.toString('pem'));
  await writeFile(files.keyFile, x509.PemConverter.encode(key, 'PRIVATE KEY'));
  return files;
}
