// What is wrong is said in pg_waldump's words, with a position, and nothing is lost before it.

import { failure } from '../decoder/helpers.js';
import { key, load, pieces, readAll, timelineOf, wholeLog } from './helpers.js';
import { SAMPLES } from './samples.js';

const PAGE = 8192;

/** @type {import('./index.js').Case[]} */
export const ERRORS = [
  {
    name: "the log's end is an error as pg_waldump says it",
    async run(tools) {
      const { assert, host } = tools;
      let ends = 0;
      for (const name of SAMPLES) {
        const found = await load(tools, name);
        if (found.stderr === '') continue;
        const expected = found.stderr.replace(/^pg_waldump: (error|fatal): /, '');
        const read = (/** @type {object} */ options) => {
          const reader = new host.WalReader({ timeline: timelineOf(found), ...options });
          let count = 0;
          readAll(reader, pieces(wholeLog(found), 1 << 20), () => (count += 1));
          return count;
        };
        const error = failure(() => read({}));
        assert.equal(error.message, expected);
        assert.equal(error.code, 'WALSCOPE_WAL_END');
        assert.equal(error.name, 'DecodeError');
        assert.ok(error instanceof host.DecodeError && error instanceof host.WalscopeError);
        assert.ok(found.stderr.includes(error.lsn) || error.lsn !== null);
        assert.equal(read({ endOfLog: 'stop' }), found.dump.split('\n').length - 1);
        ends += 1;
      }
      assert.ok(ends >= 5);
    },
  },
  {
    name: 'damage is told where it is, and what lies behind it is read where that is asked for',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '18/clogtrunc')).slice(0, 30 * PAGE);
      /** @type {any[]} */
      const whole = [];
      readAll(new host.WalReader(), [log], (record) => whole.push(record));
      const damaged = whole[100];
      const base = host.lsn.parse(/** @type {string} */ (new host.WalReader().push(log).startLsn));
      const at = Number(host.lsn.parse(damaged.startLsn) - base);
      log[at + 30] = (log[at + 30] ?? 0) ^ 1;

      /** @type {string[]} */
      const before = [];
      const error = failure(() =>
        readAll(new host.WalReader(), pieces(log, 10_000), (record) => before.push(key(record))),
      );
      assert.deepEqual(before, whole.slice(0, 100).map(key));
      assert.equal(error.code, 'WALSCOPE_DECODE');
      assert.equal(error.lsn, damaged.startLsn);
      assert.equal(error.offset, at);
      const last = whole[99].startLsn;
      const wrong = `incorrect resource manager data checksum in record at ${damaged.startLsn}`;
      assert.equal(error.message, `error in WAL record at ${last}: ${wrong}`);

      /** @type {any[]} */
      const entries = [];
      const reader = new host.WalReader({ errors: 'include' });
      readAll(reader, pieces(log, 10_000), (entry) => entries.push(entry));
      const errors = entries.filter(({ kind }) => kind === 'error');
      assert.equal(errors.length, 1);
      assert.equal(errors[0].error.message, error.message);
      assert.deepEqual(entries.slice(0, 100).map(key), before);
      assert.equal(key(entries.at(-1)), key(whole.at(-1)));
    },
  },
  {
    name: 'what is no log is said to be none',
    run({ assert, host }) {
      const reader = new host.WalReader();
      const error = failure(() => [...reader.push(new Uint8Array(8192).fill(0x41))]);
      assert.match(
        error.message,
        /^could not find a valid record after 0\/0: invalid magic number 4141 in WAL segment/,
      );
      assert.equal(error.code, 'WALSCOPE_DECODE');
      assert.equal(error.offset, 0);
      assert.equal(reader.done, true);
    },
  },
  {
    name: 'a log that ends within a page is cut',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '16/clogtrunc'));
      for (const [length, partial] of [
        [10, 10],
        [3 * PAGE + 100, 100],
      ]) {
        const reader = new host.WalReader();
        reader.push(log.subarray(0, length));
        const error = failure(() => reader.end());
        assert.equal(error.code, 'WALSCOPE_DECODE');
        assert.match(
          error.message,
          new RegExp(`within a page, of which there are ${partial} bytes`),
        );
        assert.equal(failure(() => reader.push(log)).code, 'WALSCOPE_CLOSED');
      }
      const reader = new host.WalReader();
      reader.push(log.subarray(0, 3 * PAGE));
      reader.end();
      new host.WalReader().end();
    },
  },
  {
    name: 'options that cannot be are refused',
    run({ assert, host }) {
      for (const options of [
        { version: 13 },
        { segmentSize: 12345 },
        { timeline: 0 },
        { systemIdentifier: 'x' },
        { maxBytes: 0 },
        { errors: 'ignore' },
        { endOfLog: 'ignore' },
        { starts: '0/1' },
      ]) {
        const refused = failure(() => new host.WalReader(/** @type {any} */ (options)));
        assert.equal(refused.code, 'WALSCOPE_BAD_OPTION', JSON.stringify(options));
        assert.ok(refused.hint.length > 0);
      }
      assert.equal(failure(() => new host.WalReader({ start: 'x' })).code, 'WALSCOPE_BAD_LSN');
      const reader = new host.WalReader();
      const chunk = failure(() => reader.push(/** @type {any} */ ('text')));
      assert.equal(chunk.code, 'WALSCOPE_BAD_OPTION');
    },
  },
  {
    name: 'what the options say is held against the log',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '16/clogtrunc'));
      const message = (/** @type {object} */ options) =>
        failure(() => [...new host.WalReader(options).push(log)]).message;
      assert.match(message({ version: 18 }), /invalid magic number D113 in WAL segment/);
      assert.match(message({ systemIdentifier: 7n }), /WAL file is from different database system/);
      assert.match(message({ segmentSize: 2 ** 24 }), /incorrect segment size in page header/);
      assert.match(message({ maxBytes: 60 }), /^(error|could).*record length \d+ at .* too long/);
    },
  },
  {
    name: 'a page that is none is said to be none',
    async run(tools) {
      const { assert, host } = tools;
      const log = wholeLog(await load(tools, '16/clogtrunc'));
      const batch = new host.WalReader().push(log);
      /** @type {any} */
      const record = [...batch].find((/** @type {any} */ one) => one.blockCount === 0);
      const error = failure(() => record.page(0));
      assert.equal(error.code, 'WALSCOPE_DECODE');
      const words = `could not restore image at ${record.startLsn} with invalid block 0 specified`;
      assert.equal(error.message, words);
    },
  },
];
