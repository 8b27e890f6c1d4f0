// What the programs of all hosts do: decode a capture, and follow a slot where there are sockets.
// Copied beside each of them.

/**
 * The lines of a capture.
 * @param {any} walscope
 * @param {Uint8Array} bytes
 */
export function linesOf({ decode, stringify }, bytes) {
  return [...decode(bytes)].map((change) => stringify(change));
}

/**
 * The lines of a slot's first transactions. Confirms none, so that every host sees the same.
 * @param {any} walscope
 * @param {{ url: string, slot: string, publication: string, transactions: number }} source
 */
async function follow({ connect, stringify }, { url, slot, publication, transactions }) {
  const client = await connect(url);
  const stream = await client.stream({
    slot,
    publications: [publication],
    acknowledge: 'manual',
  });
  const lines = [];
  let commits = 0;
  for await (const change of stream) {
    lines.push(stringify(change));
    if (change.kind === 'commit' && ++commits === transactions) break;
  }
  await client.close();
  return lines;
}

/**
 * What a host makes of the task in the environment.
 * @param {any} walscope
 */
export async function findings(walscope) {
  const { readFile } = await import('node:fs/promises');
  const task = JSON.parse(process.env.WALSCOPE_TASK ?? '');
  await walscope.init();
  const decoded = linesOf(walscope, await readFile(task.capture));
  const streamed = await follow(walscope, task.source);
  return { decoded, streamed };
}

/**
 * Prints the findings.
 * @param {any} walscope
 * @param {object} [more] that the host has found out
 */
export async function report(walscope, more = {}) {
  console.log(JSON.stringify({ ...(await findings(walscope)), ...more }));
}
