// What cannot be decoded, and what cannot be asked.

import { changesOf, failure, frameStarts, pushAll, rejection } from './helpers.js';

/** @type {import('./index.js').Case[]} */
export const ERRORS = [
  {
    name: 'a cut capture gives what is whole, then the place of the cut',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('values');
      const all = await changesOf(tools, 'values');
      const lines = all.map(host.stringify);
      const starts = frameStarts(bytes);
      for (let cut = 1; cut < bytes.length; cut += 101) {
        const seen = /** @type {string[]} */ ([]);
        let error = null;
        try {
          for (const change of /** @type {Iterable<any>} */ (host.decode(bytes.subarray(0, cut)))) {
            seen.push(host.stringify(change));
          }
        } catch (thrown) {
          error = /** @type {any} */ (thrown);
        }
        assert.deepEqual(seen, lines.slice(0, seen.length), `cut at ${cut}`);
        if (error === null) {
          assert.ok(starts.includes(cut), `no error for a cut at ${cut}`);
          continue;
        }
        assert.ok(error instanceof host.DecodeError, `cut at ${cut}: ${error}`);
        assert.ok(
          error.offset <= cut && error.offset + error.bytes.length === cut,
          `cut at ${cut}`,
        );
      }
    },
  },
  {
    name: 'end says that a capture is cut',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('values');
      const decoder = new host.Decoder();
      decoder.push(bytes.subarray(0, bytes.length - 1));
      const error = failure(() => decoder.end());
      assert.ok(error instanceof host.DecodeError);
      assert.equal(error.code, 'WALSCOPE_DECODE');
      assert.equal(failure(() => decoder.end()).code, 'WALSCOPE_CLOSED');
      assert.equal(failure(() => decoder.push(bytes)).code, 'WALSCOPE_CLOSED');
    },
  },
  {
    name: 'a segment of the log is said to be one, and what reads it',
    run({ assert, host }) {
      for (const low of [0x0d, 0x10, 0x13, 0x16, 0x18]) {
        const bytes = new Uint8Array(8192);
        bytes.set([low, 0xd1, 6]);
        const error = failure(() => [.../** @type {Iterable<any>} */ (host.decode(bytes))]);
        assert.equal(error.code, 'WALSCOPE_UNSUPPORTED');
        assert.match(error.message, /a WAL segment/);
        assert.match(error.hint, /WalReader of walscope\/wal or walscope-wasm\/wal/);
        assert.ok(error instanceof host.DecodeError);
      }
    },
  },
  {
    name: 'a capture of another plugin is refused by its name',
    async run({ assert, host }) {
      // As `walscope stream --capture` writes them: the head, and a message of test_decoding.
      const message = `w${'\0'.repeat(24)}BEGIN 742`;
      const bytes = new TextEncoder().encode(
        ['#walscope {"version":1,"options":{},"plugin":"test_decoding"}', message]
          .map((payload) => `d\0\0\0${String.fromCharCode(payload.length + 4)}${payload}`)
          .join(''),
      );
      const error = failure(() => [.../** @type {Iterable<any>} */ (host.decode(bytes))]);
      assert.equal(error.code, 'WALSCOPE_UNSUPPORTED');
      assert.ok(error.message.includes('the plugin test_decoding'), error.message);
    },
  },
  {
    name: 'what is no capture is refused with its place',
    async run(tools) {
      const { assert, host } = tools;
      const text = new TextEncoder().encode('this is a text file\n');
      const error = failure(() => [.../** @type {Iterable<any>} */ (host.decode(text))]);
      assert.ok(error instanceof host.DecodeError);
      assert.equal(error.offset, 0);
      assert.deepEqual([.../** @type {Iterable<any>} */ (host.decode(new Uint8Array()))], []);
    },
  },
  {
    name: 'a capture without its head names the table that it does not know',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('narrow');
      // The second half of the frames: rows whose table was described in the first.
      const from = frameStarts(bytes)[2000] ?? 0;
      const error = failure(() => [
        .../** @type {Iterable<any>} */ (host.decode(bytes.subarray(from))),
      ]);
      assert.ok(error instanceof host.DecodeError);
      assert.match(error.message, /relation/);
      assert.ok(error.offset < 40);
    },
  },
  {
    name: 'errors can be shown instead of thrown, and what follows is decoded',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = (await tools.load('values')).slice();
      const starts = frameStarts(bytes);
      // The kind of the first row becomes one that does not exist.
      const at = /** @type {number} */ (starts[3]) + 30;
      bytes[at] = 0x7a;
      const decoder = new host.Decoder({ errors: 'include' });
      const changes = pushAll(decoder, bytes, 500).flatMap((batch) => [...batch.changes()]);
      const errors = changes.filter((change) => change.kind === 'error');
      assert.equal(errors.length, 1);
      assert.equal(errors[0].offset, at);
      assert.match(errors[0].message, /byte \d+/);
      assert.equal(changes.length, (await changesOf(tools, 'values')).length);
      const strict = failure(() => [.../** @type {Iterable<any>} */ (host.decode(bytes))]);
      assert.deepEqual([strict.offset, strict.message], [at, errors[0].message]);
      // The row's LSN is in the 8 bytes behind the frame's kind, its length and the message's kind.
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      assert.equal(strict.lsn, host.lsn.format(view.getBigUint64(at - 24)));
    },
  },
  {
    name: 'formats are found, and can be demanded',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('values');
      const decoder = new host.Decoder();
      assert.equal(decoder.format, null);
      decoder.push(bytes);
      assert.equal(decoder.format, 'capture');
      const other = new host.Decoder({ format: 'pg_recvlogical' });
      assert.match(failure(() => other.push(bytes)).message, /capture, not pg_recvlogical/);
    },
  },
  {
    name: 'output of pg_recvlogical has no LSNs, and all else',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('changes');
      /** @type {Uint8Array[]} */
      const messages = [];
      // The head is no message; LSNs and times are in the 30 bytes before each message.
      for (const start of frameStarts(bytes).slice(1)) {
        const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start + 1);
        messages.push(bytes.subarray(start + 30, start + 1 + length), Uint8Array.of(0x0a));
      }
      const file = new Uint8Array(await new Blob(/** @type {any} */ (messages)).arrayBuffer());
      const decoder = new host.Decoder({ format: 'pg_recvlogical' });
      const changes = pushAll(decoder, file, 777).flatMap((batch) => [...batch.changes()]);
      const expected = await changesOf(tools, 'changes');
      assert.deepEqual(
        changes.map((change) => [change.kind, change.lsn, change.position, change.new]),
        expected.map((change) => [change.kind, null, change.position, change.new]),
      );
    },
  },
  {
    name: 'a message over the limit is refused',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('large');
      const decoder = new host.Decoder({ maxBytes: 20_000 });
      const error = failure(() => [...decoder.push(bytes).changes()]);
      assert.match(error.message, /20000/);
      for (const maxBytes of [0, -1, 1.5, 2 ** 30, /** @type {any} */ ('1')]) {
        assert.equal(failure(() => new host.Decoder({ maxBytes })).code, 'WALSCOPE_BAD_OPTION');
      }
    },
  },
  {
    name: 'a piece of 1 GiB is refused before it is read',
    async run(tools) {
      const { assert, host } = tools;
      const decoder = new host.Decoder();
      const error = failure(() => decoder.push(new Uint8Array(2 ** 30)));
      assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
      assert.match(error.hint, /decode\(\)/);
      const bytes = await tools.load('narrow');
      assert.equal([...decoder.push(bytes).changes()].length, 4003);
    },
  },
  {
    name: 'options that do not exist are refused by name',
    async run({ assert, host }) {
      for (const options of [{ int8: 'integer' }, { rwa: true }, { json: true }, { raw: 1 }]) {
        const error = failure(() => new host.Decoder(/** @type {any} */ (options)));
        assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
        assert.match(`${error.message} ${error.hint}`, /int8|raw|json/);
      }
      assert.equal(
        failure(() => host.decode(/** @type {any} */ ('text'))).code,
        'WALSCOPE_BAD_OPTION',
      );
      const decoder = new host.Decoder();
      assert.equal(
        failure(() => decoder.push(/** @type {any} */ ([1]))).code,
        'WALSCOPE_BAD_OPTION',
      );
      async function* notBytes() {
        yield /** @type {any} */ ('text');
      }
      const stream = /** @type {AsyncIterable<any>} */ (host.decode(notBytes()));
      const error = await rejection(stream[Symbol.asyncIterator]().next());
      assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
    },
  },
];
