// Reads a stream to the end of its first transaction that has rows, and says how many.

import { connect } from '../../node/index.js';

const [url = '', options = '{}'] = process.argv.slice(2);
const client = await connect(url);
const stream = await client.stream({ publications: ['p'], ...JSON.parse(options) });
let rows = 0;
for await (const change of stream) {
  if (change.kind === 'insert') rows += 1;
  if (change.kind === 'commit' && rows > 0) break;
}
await stream.close();
await client.close();
console.log(`rows ${rows}`);
