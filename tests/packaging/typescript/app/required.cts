import fs = require('node:fs');
import walscope = require('walscope');
import type { Change, Client, Stream } from 'walscope';

interface Tables {
  users: { id: number; email: string | null; score: bigint };
}

export async function follow(url: string): Promise<number | undefined> {
  const client: Client = await walscope.connect(url);
  const stream: Stream<Change<Tables>> = await client.stream<Tables>({
    slot: 'app',
    publications: ['app_pub'],
  });
  for await (const change of stream) {
    if (change.kind === 'insert' && change.table === 'users') {
      // @ts-expect-error a column that the table does not have
      void change.new.name;
      return change.new.id;
    }
    if (change.kind === 'update' && walscope.isComplete(change)) return change.new.id;
  }
  return undefined;
}

// What is imported and what is required is of one type.
export async function same(): Promise<walscope.Decoder> {
  const imported = await import('walscope');
  const decoder: walscope.Decoder = new imported.Decoder();
  const error: unknown = new walscope.Decoder();
  return error instanceof walscope.DecodeError ? new walscope.Decoder() : decoder;
}

// @ts-expect-error there is no default export
void walscope.default;

const bytes = fs.readFileSync(process.argv[2] ?? '');
for (const change of walscope.decode(bytes)) console.log(walscope.stringify(change));
