import { readFileSync } from 'node:fs';
import { connect, decode, isComplete, lsn, stringify, WalscopeError } from 'walscope';
import type { Change, Client, Stream } from 'walscope';
import { LogicalReplicationService, PgoutputPlugin } from 'walscope/compat';
import type { Pgoutput } from 'walscope/compat';
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

export function adapted(connectionString: string): Promise<LogicalReplicationService> {
  const service = new LogicalReplicationService(
    { connectionString },
    { acknowledge: { auto: true, timeoutSeconds: 10 } },
  );
  service.on('data', async (lsn: string, log: Pgoutput.Message) => {
    if (log.tag === 'insert') console.log(lsn, log.relation.name, log.new);
  });
  // @ts-expect-error an option that cannot be honoured
  void new LogicalReplicationService({ statement_timeout: 1 });
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['app_pub'] });
  return service.subscribe(plugin, 'app');
}

const loaders: (() => Promise<void>)[] = [wasm.init, inline.init];
void loaders;
void lsn.parse('0/1');
// @ts-expect-error there is no default export
void (await import('walscope')).default;

const file = process.argv[2];
if (file === undefined) throw new WalscopeError({ code: 'NO_FILE', message: 'no file' });
for (const change of decode(readFileSync(file))) console.log(stringify(change));
