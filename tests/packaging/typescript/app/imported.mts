import { readFileSync } from 'node:fs';
import { connect, decode, isComplete, lsn, stringify, WalscopeError } from 'walscope';
import type { Change, Client, Stream } from 'walscope';
import * as wasm from 'walscope-wasm';
import * as inline from 'walscope-wasm/inline';

interface Tables {
  users: { id: number; email: string | null; score: bigint };
}

export async function follow(url: string): Promise<number | undefined> {
  const client: Client = await connect(url);
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
    if (change.kind === 'update' && isComplete(change)) return change.new.id;
  }
  return undefined;
}

const loaders: (() => Promise<void>)[] = [wasm.init, inline.init];
void loaders;
void lsn.parse('0/1');
// @ts-expect-error there is no default export
void (await import('walscope')).default;

const file = process.argv[2];
if (file === undefined) throw new WalscopeError({ code: 'NO_FILE', message: 'no file' });
for (const change of decode(readFileSync(file))) console.log(stringify(change));
