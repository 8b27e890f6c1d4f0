// What programs in TypeScript may rely on, checked by `tsc` alone. Every line behind an
// `@ts-expect-error` must be refused.

import {
  Batch,
  Client,
  connect,
  ConnectionError,
  decode,
  DecodeError,
  Decoder,
  isComplete,
  lsn,
  ServerError,
  stringify,
  unchanged,
  WalscopeError,
} from '../../node/index.js';
import type { Readable } from 'node:stream';
import type {
  Change,
  ErrorCode,
  RawMessage,
  SlotInfo,
  StreamEvent,
  Unchanged,
  Value,
} from '../../node/index.js';

/** Fails to compile unless both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(equal: Same<A, B>): void;

interface User {
  id: number;
  email: string | null;
}
interface Order {
  id: bigint;
  items: string[];
}
interface Shop {
  users: User;
  'sales.orders': Order;
}

const options = { slot: 's', publications: ['p'] };

/** As `import types from './types.json'` has it. */
const typeTable = {
  version: 1,
  types: [
    { oid: 16384, schema: 'public', name: 'mood', kind: 'enum' },
    { oid: 16383, schema: 'public', name: '_mood', kind: 'array', element: 16384, delimiter: ',' },
    {
      oid: 16387,
      schema: 'public',
      name: 'p',
      kind: 'composite',
      fields: [{ name: 'a', type: 23 }],
    },
  ],
};

export async function streams(): Promise<void> {
  const client = await connect('postgres://localhost/app');
  await connect({ host: 'localhost', port: 5432, password: async () => 'token' });
  // @ts-expect-error a setting that does not exist
  await connect({ hosst: 'localhost' });
  // @ts-expect-error a password is text
  await connect({ password: 5 });
  await connect('postgres://localhost/app', { types: { numeric: Number, 16385: (text) => text } });
  await connect({ host: 'localhost', int8: 'number', typeTable: '{"version":1,"types":[]}' });
  // @ts-expect-error a function takes text
  await connect('', { types: { numeric: (value: number) => value } });
  // @ts-expect-error not one of the choices
  await connect('', { int8: 'double' });
  // @ts-expect-error an option of streams
  await connect('', { slot: 's' });

  const stream = await client.stream<Shop>(options);
  for await (const change of stream) {
    // @ts-expect-error not every change has a new row
    void change.new;
    if (change.kind === 'insert' && change.table === 'users') {
      same<typeof change.new, User>(true);
      same<typeof change.schema, string>(true);
      // @ts-expect-error no such column
      void change.new.mail;
      change.text('email');
      // @ts-expect-error no such column
      change.text('mail');
    } else if (change.kind === 'update' && change.table === 'orders') {
      same<typeof change.schema, 'sales'>(true);
      same<typeof change.new.items, string[] | Unchanged>(true);
      same<typeof change.old, Order | null>(true);
      same<typeof change.key, Partial<Order> | null>(true);
      same<typeof change.unchanged, ('id' | 'items')[]>(true);
      // @ts-expect-error it may be the symbol
      void change.new.items.length;
      if (change.new.items !== unchanged) void change.new.items.length;
      if (isComplete(change)) void change.new.items.length;
    } else if (change.kind === 'delete') {
      // @ts-expect-error a delete has no new row
      void change.new;
      same<typeof change.table, 'users' | 'orders'>(true);
    } else if (change.kind === 'commit') {
      same<typeof change.endLsn, string>(true);
      stream.acknowledge(change);
    }
    // @ts-expect-error no such kind without raw
    void (change.kind === 'keepalive');
    // @ts-expect-error no such table
    void (change.kind === 'insert' && change.table === 'user');
    same<typeof change.position, string | null>(true);
  }

  // @ts-expect-error the slot is needed
  await client.stream({ publications: ['p'] });
  // @ts-expect-error publications are a list
  await client.stream({ slot: 's', publications: 'p' });
  // @ts-expect-error an option that does not exist
  await client.stream({ ...options, publication: 'p' });
  // @ts-expect-error not one of the choices
  await client.stream({ ...options, acknowledge: 'never' });
  await client.stream({ ...options, typeTable, types: { mood: (text) => text.length } });
  // @ts-expect-error types are a list
  await client.stream({ ...options, typeTable: { version: 1, types: {} } });
  // @ts-expect-error a table has a version
  await client.stream({ ...options, typeTable: { types: [] } });
  // @ts-expect-error no function
  await client.stream({ ...options, types: { mood: 'text' } });
  const signal: AbortSignal | undefined = undefined;
  await client.stream({ ...options, signal, start: '0/0', protocol: 1, acknowledge: 'manual' });
}

export async function beside(): Promise<void> {
  const client = await connect('', { preset: 'node-postgres', onEvent: (event) => event.slot });
  // @ts-expect-error not one of the presets
  await connect('', { preset: 'pg' });
  const { systemId, database } = await client.identifySystem();
  same<typeof systemId, string>(true);
  same<typeof database, string | null>(true);
  for (const { walStatus, safeWalSize } of await client.slots()) {
    same<typeof safeWalSize, number | null>(true);
    if (walStatus === 'unreserved') return;
    // @ts-expect-error no such status
    if (walStatus === 'fine') return;
  }
  same<Awaited<ReturnType<typeof client.slot>>, SlotInfo | null>(true);
  const created = await client.createSlot('s', { plugin: 'test_decoding', failover: undefined });
  same<typeof created.consistentPoint, string>(true);
  // @ts-expect-error a temporary slot belongs to a stream
  await client.createSlot('s', { temporary: true });
  const snapshot = await client.exportSnapshot('s');
  void snapshot.beginSql.length;
  // @ts-expect-error not an option of physical slots
  await client.createPhysicalSlot('s', { twoPhase: true });
  same<Awaited<ReturnType<typeof client.dropSlot>>, boolean>(true);
  await client.dropSlot('s', { wait: true, ifExists: true });
  await client.createPublication('p', {
    tables: [{ table: 't', columns: ['id'], filter: 'id > 5' }],
    publish: ['insert'],
  });
  // @ts-expect-error a table has a name
  await client.createPublication('p', { tables: [{ schema: 's' }] });
  // @ts-expect-error no kind of change
  await client.createPublication('p', { publish: ['select'] });
  await client.alterPublication('p', { options: { viaPartitionRoot: true } });
  // @ts-expect-error no way to alter a publication
  await client.alterPublication('p', { tables: [] });
  for (const publication of await client.publications()) {
    // What is listed can be created again.
    await client.createPublication(publication.name, publication);
  }
}

export function told(event: StreamEvent): string | number | null {
  switch (event.type) {
    case 'reconnecting':
      return event.delay;
    case 'slotWarning':
      return event.risk === 'low' ? (event.info?.safeWalSize ?? null) : event.risk;
    case 'notice':
      same<typeof event.detail, string | undefined>(true);
      return event.code;
    case 'resumed':
      // @ts-expect-error nothing went wrong
      return event.error;
    default:
      return event.slot;
  }
}

export async function otherPlugins(): Promise<void> {
  const client = await connect('');
  const stream = await client.stream({
    slot: 's',
    plugin: 'wal2json',
    pluginOptions: { 'format-version': 2, 'include-lsn': true },
  });
  for await (const message of stream) {
    same<typeof message.data, string>(true);
    stream.acknowledge(message);
  }
  const bytes = await client.stream({ slot: 's', plugin: 'x', pluginOutput: 'bytes' });
  for await (const batch of bytes.batches()) {
    for (const { data } of batch) same<typeof data, Uint8Array>(true);
  }
  // @ts-expect-error publications are pgoutput's
  await client.stream({ slot: 's', plugin: 'wal2json', publications: ['p'] });
  // @ts-expect-error there are no transactions
  stream.transactions();
}

export async function readingAhead(): Promise<void> {
  const client = await connect('');
  const stream = await client.stream<Shop>({ ...options, acknowledge: 'manual' });
  const readable: Readable = stream.toReadable({ highWaterMark: 4 });
  readable.destroy();
  const web: ReadableStream<Change<Shop>> = stream.toReadableStream();
  await web.cancel();
}

export async function untyped(): Promise<void> {
  const client = await connect({ connectionString: 'postgres://localhost' });
  const stream = await client.stream(options);
  same<typeof stream extends AsyncIterable<infer C> ? C : never, Change>(true);
  for await (const change of stream) {
    if (change.kind !== 'insert') continue;
    same<typeof change.table, string>(true);
    same<typeof change.new, Record<string, Value>>(true);
    // @ts-expect-error a value may be anything
    void change.new['id'].length;
  }
  const raw = await client.stream({ ...options, raw: true });
  for await (const message of raw) {
    if (message.kind === 'keepalive') void message.replyRequested;
    if (message.kind === 'streamAbort') same<typeof message.subxid, number>(true);
  }
  same<typeof raw extends AsyncIterable<infer C> ? C : never, RawMessage>(true);
  await client.close();
}

export async function waysThrough(): Promise<void> {
  const client = await connect('');
  const stream = await client.stream<Shop>(options);
  for await (const batch of stream.batches()) {
    for (const row of batch) {
      same<ReturnType<typeof row.get>, Value | Unchanged | undefined>(true);
      stringify(row);
    }
    stream.acknowledge(batch);
    const { message, transfer } = batch.toTransferable();
    structuredClone(message, { transfer });
    void [...Batch.from(message, { typeTable, types: { mood: String } }).changes()];
    // @ts-expect-error the batch has been read with its own
    Batch.from(message, { int8: 'string' });
  }
  for await (const tx of stream.transactions()) {
    for await (const change of tx) {
      // @ts-expect-error the ends are the transaction's own
      void (change.kind === 'commit');
      if (change.kind === 'insert' && change.table === 'orders') {
        same<typeof change.new, Order>(true);
      }
    }
    same<typeof tx.endLsn, string | null>(true);
    await tx.toArray({ maxBytes: 1 });
    stream.acknowledge(tx);
  }
  // @ts-expect-error LSNs are text
  stream.acknowledge(5n);
  same<ReturnType<typeof stream.acknowledge>, string | null>(true);
}

export function decoding(bytes: Uint8Array, readable: ReadableStream<Uint8Array>): void {
  for (const change of decode<Shop>(bytes)) {
    if (change.kind === 'insert' && change.table === 'users') void change.new.email;
  }
  // @ts-expect-error a stream is iterated asynchronously
  for (const change of decode(readable)) void change;
  for (const message of decode(bytes, { raw: true })) {
    if (message.kind === 'origin') void message.originLsn;
  }
  const decoder = new Decoder({ format: 'capture', int8: 'string', typeTable });
  for (const change of decoder.push(bytes).changes()) void change.kind;
  // @ts-expect-error not one of the choices
  new Decoder({ int8: 'double' });
  // @ts-expect-error batches are made by decoders
  new Batch();
  same<ReturnType<typeof lsn.compare>, -1 | 0 | 1>(true);
  // @ts-expect-error LSNs are parsed from text
  lsn.parse(5n);
}

export function errors(error: unknown): string | null {
  if (error instanceof ServerError) return error.detail;
  if (error instanceof DecodeError) return error.relation;
  if (error instanceof ConnectionError) return error.hint;
  if (error instanceof WalscopeError) {
    const code: ErrorCode = 'WALSCOPE_BUSY';
    // @ts-expect-error no such code
    const wrong: ErrorCode = 'WALSCOPE_BUSSY';
    return error.code === code ? null : wrong;
  }
  return null;
}

/** What only `connect` makes is a type: as a value the package does not have it. */
export function isClient(value: unknown): value is Client {
  // @ts-expect-error a type that is used as a value
  return value instanceof Client;
}
