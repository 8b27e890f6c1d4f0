// Connections of node-postgres, which is loaded only when somebody asks: the installer runs before
// any package is there.

/**
 * @param {import('pg').ClientConfig} config
 * @returns {Promise<import('pg').Client>}
 */
export async function openClient(config) {
  const { default: pg } = await import('pg').catch((cause) => {
    throw new Error('the harness needs the package `pg`: run `npm ci`', { cause });
  });
  const client = new pg.Client(config);
  // A server that is stopped under an idle connection must not end the test's process.
  client.on('error', () => {});
  await client.connect();
  return client;
}
