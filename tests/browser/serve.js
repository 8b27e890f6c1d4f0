// A static file server of Node's own parts: what "any static server" gives, and nothing more.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * Serves a folder on loopback.
 * @param {string} folder
 * @param {Record<string, string>} [pages] texts that are served beside the folder's files, by path
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(folder, pages = {}) {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const page = pages[path];
    if (page !== undefined) {
      response.setHeader('content-type', typeOf(path));
      response.end(page);
      return;
    }
    sendFile(join(folder, normalize(decodeURIComponent(path))), response).catch(() => {
      response.statusCode = 404;
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** @param {string} path */
function typeOf(path) {
  return TYPES[extname(path)] ?? 'application/octet-stream';
}

/**
 * @param {string} path
 * @param {import('node:http').ServerResponse} response
 */
async function sendFile(path, response) {
  const file = path.endsWith('/') ? join(path, 'index.html') : path;
  const { size } = await stat(file);
  response.setHeader('content-type', typeOf(file));
  response.setHeader('content-length', size);
  await pipeline(createReadStream(file), response);
}
