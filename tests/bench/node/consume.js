#!/usr/bin/env node
// One consumer in a process of its own: `consume.js CONTENDER URL SLOT ROWS [SLOW_ROWS_PER_SECOND]`.
// It reads every value of the rows, confirms as it goes, and prints what that took as JSON.

import { setTimeout as sleep } from 'node:timers/promises';

const [contender = '', url = '', slot = '', rows = '', slow = '0'] = process.argv.slice(2);
const ROWS = Number(rows);
const SLOW = Number(slow);
/** A slow consumer rests after so many rows. */
const SLOW_ROWS = 100;

let seen = 0;
let checksum = 0;

/**
 * Looks at every value. Both packages give a number, a string and a bool.
 *
 * @param {number} id
 * @param {string} body
 * @param {boolean} active
 */
function look(id, body, active) {
  const letter = body.charCodeAt(id % body.length);
  checksum = (Math.imul(checksum, 31) + id + letter + body.length + (active ? 1 : 0)) | 0;
  seen += 1;
}

/** Nothing, or the rest of a slow consumer. */
function rest() {
  return SLOW > 0 && seen % SLOW_ROWS === 0 ? sleep((1000 * SLOW_ROWS) / SLOW) : undefined;
}

/**
 * @param {Record<string, any> & { byCommit?: boolean }} options of the service
 */
async function incumbent({ byCommit = false, ...config }) {
  const { LogicalReplicationService, PgoutputPlugin } = await import('../../rivals/incumbent.js');
  const service = new LogicalReplicationService({ connectionString: url }, config);
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['p'] });
  await new Promise((resolve, reject) => {
    service.on('error', reject);
    /** @param {string} _lsn @param {any} change */
    const handle = (_lsn, change) => {
      if (change.tag === 'insert') {
        look(change.new.id, change.new.body, change.new.active);
        return rest();
      }
      if (change.tag !== 'commit') return undefined;
      if (byCommit) service.acknowledge(change.commitEndLsn);
      if (seen >= ROWS) resolve(null);
      return undefined;
    };
    service.on('data', handle);
    service.subscribe(plugin, slot).catch(reject);
  });
  await service.stop();
}

/** @param {(stream: any) => Promise<void>} read */
async function walscope(read) {
  const { connect } = await import('../../../node/index.js');
  const client = await connect(url);
  const stream = await client.stream({ slot, publications: ['p'] });
  await read(stream);
  await stream.close();
  await client.close();
}

/** @type {Record<string, () => Promise<void>>} */
const CONTENDERS = {
  incumbent: () => incumbent({}),
  'incumbent-by-commit': () =>
    incumbent({ acknowledge: { auto: false, timeoutSeconds: 10 }, byCommit: true }),
  'incumbent-flow-control': () =>
    incumbent({
      acknowledge: { auto: false, timeoutSeconds: 10 },
      flowControl: { enabled: true },
      byCommit: true,
    }),
  changes: () =>
    walscope(async (stream) => {
      for await (const change of stream) {
        if (change.kind === 'insert') {
          look(change.new.id, change.new.body, change.new.active);
          if (SLOW > 0) await rest();
        } else if (change.kind === 'commit' && seen >= ROWS) {
          stream.acknowledge(change);
          break;
        }
      }
    }),
  batches: () =>
    walscope(async (stream) => {
      for await (const batch of stream.batches()) {
        for (const row of batch) {
          if (row.kind !== 'insert') continue;
          look(row.get('id'), row.get('body'), row.get('active'));
          if (SLOW > 0) await rest();
        }
        if (seen >= ROWS) {
          stream.acknowledge(batch);
          break;
        }
      }
    }),
};

const start = performance.now();
await CONTENDERS[contender]?.();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const result = {
  seen,
  checksum,
  wall: (performance.now() - start) / 1000,
  cpu: (userCPUTime + systemCPUTime) / 1e6,
  peak: maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
