// How the log comes in chunks does not matter.

import { key, load, pieces, readAll, wholeLog } from './helpers.js';

const PAGE = 8192;
/** Pages of a log that is cut at every kind of place. */
const PAGES = 8;

/**
 * @param {import('./index.js').Tools} tools
 * @param {Iterable<Uint8Array>} chunks
 * @param {object} [options]
 */
function keys({ host }, chunks, options) {
  /** @type {string[]} */
  const found = [];
  const reader = new host.WalReader({ errors: 'include', ...options });
  readAll(reader, chunks, (entry) => found.push(key(entry)));
  return found;
}

/** @type {import('./index.js').Case[]} */
export const CHUNKS = [
  {
    name: 'a cut may be anywhere',
    async run(tools) {
      const { assert } = tools;
      for (const major of [14, 16, 18]) {
        const log = wholeLog(await load(tools, `${major}/promote_tli2`)).subarray(0, PAGES * PAGE);
        const whole = keys(tools, [log]);
        assert.ok(whole.length > 8);
        for (let page = 0; page < log.length; page += PAGE) {
          for (let at = Math.max(0, page - 30); at < page + 45; at += 3) {
            assert.deepEqual(keys(tools, [log.subarray(0, at), log.subarray(at)]), whole);
          }
        }
        for (const size of [1, 23, 24, 25, 4096, PAGE, PAGE + 1]) {
          assert.deepEqual(keys(tools, pieces(log, size)), whole, `by ${size}`);
        }
      }
    },
  },
  {
    name: 'a chunk is copied, and may be used again',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '18/promote_tli2')).subarray(0, PAGES * PAGE);
      const whole = keys(tools, [log]);
      const reader = new host.WalReader();
      const buffer = new Uint8Array(5000);
      const batches = [];
      for (const piece of pieces(log, buffer.length)) {
        buffer.set(piece);
        batches.push(reader.push(buffer.subarray(0, piece.length)));
        buffer.fill(0xee);
      }
      assert.deepEqual(
        batches.flatMap((batch) => [...batch].map(key)),
        whole,
      );
    },
  },
  {
    name: 'start and end are those of pg_waldump',
    async run(tools) {
      const { assert, host } = tools;
      const found = await load(tools, '17/promote_tli2');
      const log = wholeLog(found).subarray(0, 40 * PAGE);
      /** @type {any[]} */
      const records = [];
      readAll(new host.WalReader(), [log], (record) => records.push(record));
      const [from, to] = [records[7], records[20]];
      const some = keys(tools, [log], { start: from.startLsn, end: to.startLsn });
      assert.deepEqual(some, records.slice(7, 20).map(key));
      const number = host.lsn.parse(from.startLsn);
      const page = number - (number % 8192n);
      const first = host.lsn.parse(`${records[0].startLsn.split('/')[0]}/0`);
      assert.ok(first <= page);
      const base = host.lsn.parse(/** @type {string} */ (new host.WalReader().push(log).startLsn));
      const rest = log.subarray(Number(page - base));
      const options = { start: from.startLsn, input: page, segmentSize: 2 ** 20 };
      assert.deepEqual(keys(tools, [rest], options), records.slice(7).map(key));
    },
  },
  {
    name: 'the reader says what it has found',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '15/contrecord'));
      const reader = new host.WalReader();
      const unknown = [reader.version, reader.segmentSize, reader.timeline, reader.position];
      assert.deepEqual(unknown, [null, null, null, null]);
      const batch = reader.push(log.subarray(0, 100));
      assert.equal(reader.version, 15);
      assert.equal(reader.segmentSize, 2 ** 20);
      assert.equal(reader.timeline, 1);
      const { startLsn, endLsn } = batch;
      assert.equal(endLsn, reader.position);
      const length = host.lsn.parse(endLsn ?? '') - host.lsn.parse(startLsn ?? '');
      assert.equal(length, 100n);
      const [record] = batch;
      assert.equal(record, undefined, 'the first one has not come whole');
      assert.ok(reader.pending !== null);
      assert.equal(reader.done, false);
    },
  },
];
