// A queue behind HTTP that fails now and then, in every way that a sender may meet.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** After so many requests one fails. */
const GOOD = 3;

export class Queue {
  /** What it took, in order. @type {{ key: string, topic: string, body: string }[]} */
  taken = [];
  requests = 0;
  /** Whether it refuses everything. */
  down = false;
  #server = createServer((request, response) => void this.#answer(request, response));

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(null)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** What it took, without what it had by its key. */
  get messages() {
    return [...new Map(this.taken.map((message) => [message.key, message])).values()];
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(request, response) {
    const body = await text(request).catch(() => null);
    // The sender was killed before it had sent everything.
    if (body === null) return;
    const fault = this.#nextFault();
    if (fault === 'refused') return response.writeHead(503).end();
    if (fault === 'broken before') return request.socket.destroy();
    const topic = (request.url ?? '').slice(1);
    this.taken.push({ key: String(request.headers['idempotency-key']), topic, body });
    if (fault === 'broken after') return request.socket.destroy();
    response.writeHead(204).end();
  }

  #nextFault() {
    if (this.down) return 'refused';
    this.requests += 1;
    const faults = ['refused', 'broken before', 'broken after'];
    if (this.requests % (GOOD + 1) !== 0) return null;
    return faults[(this.requests / (GOOD + 1)) % faults.length];
  }
}
