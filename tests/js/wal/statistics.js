// Statistics are pg_waldump's.

import { failure, rejection } from '../decoder/helpers.js';
import { load, pieces, readAll, wholeLog } from './helpers.js';
import { SAMPLES } from './samples.js';

/** @type {import('./index.js').Case[]} */
export const STATISTICS = [
  {
    name: "tables are those of pg_waldump's --stats and --stats=record",
    async run(tools) {
      const { assert, host } = tools;
      for (const name of SAMPLES) {
        const found = await load(tools, name);
        const log = wholeLog(found);
        const options = /** @type {const} */ ({ endOfLog: 'stop' });
        assert.equal(host.walStats(log, options).table, found.stats, name);
        const by = host.walStats(log, { ...options, by: 'record' });
        assert.equal(by.table, found.statsByRecord, name);
        assert.equal(by.version, found.major);
      }
    },
  },
  {
    name: 'rows are numbers, and their sum is the total',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '18/consistency'));
      let [records, bytes, images] = [0, 0, 0];
      readAll(new host.WalReader({ endOfLog: 'stop' }), [log], (record) => {
        records += 1;
        bytes += record.recordLength - record.fpiLength;
        images += record.fpiLength;
      });
      for (const by of /** @type {const} */ ([
        'rmgr',
        'record',
        'relation',
        'transaction',
        'time',
      ])) {
        const { rows, total, table, errors } = host.walStats(log, { by, endOfLog: 'stop' });
        const expected = { name: 'Total', records, recordBytes: bytes, fpiBytes: images };
        assert.deepEqual(total, expected);
        const sum = (/** @type {'records' | 'recordBytes' | 'fpiBytes'} */ what) =>
          rows.reduce((before, row) => before + row[what], 0);
        assert.deepEqual(
          [sum('records'), sum('recordBytes'), sum('fpiBytes')],
          [records, bytes, images],
        );
        for (const row of rows) assert.ok(table.includes(row.name));
        assert.deepEqual(errors, []);
      }
    },
  },
  {
    name: 'a stream is counted as bytes are',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '17/clogtrunc'));
      const whole = host.walStats(log, { by: 'record' });
      const source = async function* () {
        for (const piece of pieces(log, 9999)) yield piece;
      };
      assert.deepEqual(await host.walStats(source(), { by: 'record' }), whole);
      const stream = new ReadableStream({
        start(controller) {
          for (const piece of pieces(log, 100_000)) controller.enqueue(piece);
          controller.close();
        },
      });
      assert.deepEqual(await host.walStats(stream, { by: 'record' }), whole);
      const cut = await rejection(
        Promise.resolve().then(() => host.walStats(log.subarray(0, 8200))),
      );
      assert.match(cut.message, /^the log is cut at /);
    },
  },
  {
    name: 'errors of statistics are those of the reader',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '18/clogtrunc')).slice(0, 40 * 8192);
      log.fill(0x55, 10 * 8192 + 500, 10 * 8192 + 700);
      const read = failure(() => readAll(new host.WalReader(), [log], () => {}));
      const counted = failure(() => host.walStats(log));
      for (const field of ['name', 'code', 'message', 'hint', 'lsn', 'offset']) {
        assert.equal(counted[field], read[field], field);
      }
      const { errors, total } = host.walStats(log, { errors: 'include' });
      assert.ok(errors.length > 0);
      assert.equal(errors[0]?.message, read.message);
      let records = 0;
      readAll(new host.WalReader({ errors: 'include' }), [log], ({ kind }) => {
        if (kind === 'record') records += 1;
      });
      assert.equal(total.records, records);
      const wrong = failure(() => host.walStats(log, { by: /** @type {any} */ ('size') }));
      assert.equal(wrong.code, 'WALSCOPE_BAD_OPTION');
      assert.equal(failure(() => host.walStats(/** @type {any} */ (5))).code, wrong.code);
    },
  },
];
