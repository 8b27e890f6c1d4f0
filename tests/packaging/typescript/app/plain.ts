import { readFileSync } from 'node:fs';
import { connect, decode, stringify } from 'walscope';
import type { Change } from 'walscope';
import { TestDecodingPlugin } from 'walscope/compat';

interface Tables {
  users: { id: number; email: string | null; score: bigint };
}

export async function first(url: string): Promise<Change<Tables> | undefined> {
  const client = await connect(url);
  const stream = await client.stream<Tables>({ slot: 'app', publications: ['app_pub'] });
  for await (const change of stream) return change;
  return undefined;
}

export const decoding: TestDecodingPlugin = new TestDecodingPlugin({ includeXids: true });

const bytes = readFileSync(process.argv[2] ?? '');
for (const change of decode(bytes)) console.log(stringify(change));
