/**
 * A live page: every change of a table goes to all browsers that look at it, as server-sent events.
 * A browser whose connection broke says what it had last, and gets what it missed.
 *
 *   node live-page.js postgres://localhost/app      and open http://localhost:8080
 *
 * The database has a table, and a publication of it:
 *
 *   CREATE TABLE orders (id int PRIMARY KEY, item text, state text);
 *   CREATE PUBLICATION orders_pub FOR TABLE orders;
 */

import { createServer } from 'node:http';
import { connect, stringify } from 'walscope';

/** How many changes are kept for browsers that come back. */
const REPLAYED = 1000;
/** How many bytes may wait for one browser. Changes come in batches of some MiB. */
const LONGEST_BACKLOG = 1 << 24;

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Orders</title>
<link rel="icon" href="data:,"><h1>Orders</h1><ol id="changes"></ol>
<script>
  const events = new EventSource('/changes');
  events.onmessage = ({ data }) => {
    const { kind, new: row, key } = JSON.parse(data);
    const line = document.createElement('li');
    line.textContent = kind + ' ' + JSON.stringify(row ?? key ?? {});
    document.getElementById('changes').prepend(line);
  };
  // What this page missed is not there any more.
  events.addEventListener('reset', () => location.reload());
</script></html>`;

const client = await connect(process.argv[2] ?? 'postgres://localhost/app');
// Nobody needs what happens while no process is there: the slot goes with its connection, and the
// program with both. Whoever starts it again need not tell the browsers.
const stream = await client.stream({
  slot: `live_page_${process.pid}`,
  publications: ['orders_pub'],
  createSlot: true,
  temporary: true,
});

/** The last events, the newest at the end. The first of all stands for the start. */
const recent = [{ id: stream.startLsn, text: '' }];
/** @type {Set<import('node:http').ServerResponse>} */
const browsers = new Set();

/** @type {import('node:http').RequestListener} */
function addBrowser(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const last = request.headers['last-event-id'];
  const newest = recent.at(-1)?.id;
  const seen = recent.findIndex(({ id }) => id === (last ?? newest));
  if (seen === -1) response.write('event: reset\ndata\n\n');
  else for (const { text } of recent.slice(seen + 1)) response.write(text);
  // An id without data shows nothing: a browser knows where it is before its first change.
  response.write(`id: ${newest}\n\n`);
  browsers.add(response);
  response.on('close', () => browsers.delete(response));
}

const server = createServer((request, response) => {
  if (request.url === '/changes') return addBrowser(request, response);
  response.setHeader('content-type', 'text/html').end(PAGE);
});
server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`http://localhost:${/** @type {any} */ (server.address()).port}`);
});
const stop = () => stream.close();
process.once('SIGINT', stop).once('SIGTERM', stop);

for await (const change of stream) {
  // Only changes of rows have a position: it is the same whenever a change is told of.
  const id = change.position;
  if (id === null) continue;
  const text = `id: ${id}\ndata: ${stringify(change)}\n\n`;
  recent.push({ id, text });
  if (recent.length > REPLAYED) recent.shift();
  for (const browser of browsers) {
    browser.write(text);
    if (browser.writableLength <= LONGEST_BACKLOG) continue;
    // Who does not keep up is let go, comes back, and asks for what it missed.
    browsers.delete(browser);
    browser.destroy();
  }
}

server.close();
server.closeAllConnections();
await stream.close();
await client.close();
