// What programs in TypeScript may rely on of streams of the log itself, checked by `tsc` alone.

import type { Readable } from 'node:stream';
import { connect } from '../../node/index.js';
import type {
  PhysicalOptions,
  PhysicalStatus,
  PhysicalStream,
  PhysicalStreamEvent,
  WalEvent,
} from '../../node/index.js';
import { WalReader } from '../../node/wal.js';

/** Fails to compile unless both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(equal: Same<A, B>): void;

export async function receive(): Promise<void> {
  const client = await connect('');
  await using wal = await client.physical({ slot: 's', createSlot: true, signal: undefined });
  same<typeof wal, PhysicalStream>(true);
  const reader = new WalReader({ input: wal.startLsn, segmentSize: wal.segmentSize });
  for await (const event of wal) {
    same<typeof event, WalEvent>(true);
    // @ts-expect-error not every event has bytes
    void event.bytes;
    if (event.kind === 'wal') {
      same<typeof event.bytes, Uint8Array>(true);
      for (const record of reader.push(event.bytes)) void record.recordType;
      wal.report({ written: event.endLsn });
    } else if (event.kind === 'timeline') {
      same<typeof event.history.name, string>(true);
      same<typeof event.switchLsn, string>(true);
    } else {
      same<typeof event.kind, 'flushWanted'>(true);
    }
    // @ts-expect-error no such kind
    if (event.kind === 'reconnected') return;
  }
  // @ts-expect-error positions are LSNs as text
  wal.report({ flushed: 5n });
  // @ts-expect-error no such position
  wal.report({ received: '0/0' });
  wal.report({ written: '0/0', flushed: undefined, applied: '0/0' });
  wal.hotStandbyFeedback({ xmin: 700n });
  wal.hotStandbyFeedback(null);
  // @ts-expect-error transaction ids have 64 bits
  wal.hotStandbyFeedback({ xmin: 700 });
  same<ReturnType<typeof wal.toReadable>, Readable>(true);
  same<ReturnType<typeof wal.toReadableStream>, ReadableStream<Uint8Array>>(true);
  wal.toReadable({ highWaterMark: 65536 });
  same<ReturnType<typeof wal.status>, PhysicalStatus>(true);
  same<PhysicalStatus['flushedLsn'], string | null>(true);
  same<typeof wal.slotCreated, boolean>(true);
  // @ts-expect-error it is read-only
  wal.startLsn = '0/0';
}

export async function options(): Promise<void> {
  const client = await connect('');
  const all: PhysicalOptions = {
    ...{ slot: 's', createSlot: false, start: '0/0', timeline: 1, until: '1/0' },
    ...{ statusInterval: 0, stallTimeout: 5, buffer: 65536, slotCheckInterval: 1 },
    reconnect: { giveUpAfter: 60 },
    signal: new AbortController().signal,
    onEvent: (event) => {
      same<typeof event, PhysicalStreamEvent>(true);
      same<typeof event.slot, string | null>(true);
      if (event.type === 'reconnecting') same<typeof event.delay, number>(true);
      // @ts-expect-error only a slot that was asked for is in use
      if (event.type === 'slotInUse') return;
    },
  };
  await client.physical(all);
  await client.physical();
  // @ts-expect-error a stream of changes has publications
  await client.physical({ slot: 's', publications: ['p'] });
  // @ts-expect-error positions are text
  await client.physical({ start: 5n });
  // @ts-expect-error only a client opens streams
  new PhysicalStream();
}
