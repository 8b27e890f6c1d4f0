// CommonJS programs have the same types.

import walscope = require('../../node/index.cjs');

export async function main(): Promise<number> {
  const client = await walscope.connect('postgres://localhost');
  const stream = await client.stream({ slot: 's', publications: ['p'] });
  // @ts-expect-error there is no default export
  void walscope.default;
  for await (const change of stream) if (change.kind === 'insert') return change.xid ?? 0;
  return 0;
}
