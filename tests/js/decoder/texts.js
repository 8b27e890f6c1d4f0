// Text: encodings, and the windows that it is decoded in.

import { changesOf, failure, rowsOf } from './helpers.js';
import { TextSource } from '../../../node/decoding/text.js';

/** @type {import('./index.js').Case[]} */
export const TEXTS = [
  {
    name: 'text outside ASCII is UTF-8, and a byte order mark is a character',
    async run(tools) {
      const { assert } = tools;
      const rows = await rowsOf(tools, 'values', 'scalars');
      const [change] = rows.filter((row) => row.new.id === 2147483647);
      assert.deepEqual([change.new.t, change.new.v, change.new.c], ['grüße, 世界 🎉', 'é', 'ñ   ']);
      assert.equal(change.text('t'), 'grüße, 世界 🎉');
      const [marked] = rows.filter((row) => row.new.id === 5);
      assert.equal(marked.new.t, '\uFEFFmarked');
    },
  },
  {
    name: 'all rows of many windows are right',
    async run(tools) {
      const { assert } = tools;
      const rows = await rowsOf(tools, 'narrow', 'narrow');
      assert.equal(rows.length, 4000);
      rows.forEach((change, index) => {
        const id = index + 1;
        const email = `${id % 3 === 0 ? 'üser' : 'user'}${id}@example.org`;
        assert.deepEqual(change.new, { id, email, active: id % 2 === 0 });
      });
      // Long after their windows were made: from the first to the last, and back.
      for (const change of [...rows, ...rows.reverse()]) {
        assert.equal(change.text('email'), change.new.email);
      }
    },
  },
  {
    name: 'a value larger than a window is whole, and so are its neighbours',
    async run(tools) {
      const { assert } = tools;
      const rows = await rowsOf(tools, 'large', 'large');
      const expected = ['small', '0123456789'.repeat(3000), 'äöü'.repeat(10000), 'small too'];
      assert.deepEqual(
        rows.map((change) => change.new.body),
        expected,
      );
      assert.deepEqual(
        rows.map((change) => change.text('body')),
        expected,
      );
    },
  },
  {
    name: 'the character that stands for bad bytes is a character, and bad bytes are not that character',
    run({ assert }) {
      /** @param {Uint8Array} bytes */
      const read = (bytes) => {
        const source = new TextSource(Uint8Array.of(0x61, ...bytes, 0x61), 0, null);
        return source.utf8(1, bytes.length);
      };
      for (const text of ['\uFFFD', 'a\uFFFDé', '\uFEFF\uFFFD', 'é', '\u0800\u{10FFFF}']) {
        assert.equal(read(new TextEncoder().encode(text)), text);
      }
      // A lone second byte, a lead alone, one too long a form, a surrogate, beyond the last character.
      for (const bytes of [[0x80], [0xc3], [0xc3, 0x28], [0xc0, 0x80], [0xe0, 0x80, 0x80]]) {
        assert.ok(failure(() => read(Uint8Array.from(bytes))) instanceof TypeError);
      }
      for (const bytes of [
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf0, 0x9f, 0x98],
        [0xff],
      ]) {
        assert.ok(failure(() => read(Uint8Array.from(bytes))) instanceof TypeError);
      }
    },
  },
  {
    name: 'bytes that are not UTF-8 are an error of their value',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('sqlAscii');
      const seen = /** @type {any[]} */ ([]);
      const error = failure(() => {
        for (const change of /** @type {Iterable<any>} */ (host.decode(bytes))) seen.push(change);
      });
      assert.ok(error instanceof host.DecodeError);
      assert.deepEqual(
        [error.code, error.relation, error.column, error.position],
        ['WALSCOPE_BAD_UTF8', 'public.t', 'body', 2],
      );
      assert.deepEqual(error.bytes, Uint8Array.of(0x61, 0x62, 0xff, 0x63));
      assert.equal(bytes[error.offset], 0xff);
      assert.match(error.lsn, /^0\//);
      assert.deepEqual(
        seen.filter((change) => change.kind === 'insert').map((change) => change.new),
        [{ id: 1, body: 'fine' }],
      );
    },
  },
  {
    name: 'they are text with the option encoding, where they are of that',
    async run(tools) {
      const { assert, host } = tools;
      const rows = await rowsOf(tools, 'sqlAscii', 't', { encoding: 'latin1' });
      const second = rows.find((change) => change.new.id === 2);
      assert.deepEqual([second.new.body, second.text('body')], ['abÿc', 'abÿc']);
      const load = await tools.load('sqlAscii');
      const error = failure(() => [
        .../** @type {Iterable<any>} */ (host.decode(load, { encoding: 'gb18030' })),
      ]);
      assert.ok(error instanceof host.DecodeError);
      assert.deepEqual([error.code, error.column], ['WALSCOPE_BAD_ENCODING', 'body']);
      assert.deepEqual(error.bytes, Uint8Array.of(0x61, 0x62, 0xff, 0x63));
      // A batch takes it along.
      const batch = new host.Decoder({ encoding: 'latin1' }).push(load);
      const { message } = batch.toTransferable();
      const texts = Array.from(host.Batch.from(message), (row) => row.get('body'));
      assert.ok(texts.includes('abÿc'));
      for (const encoding of /** @type {any[]} */ (['utf-16', 'klingon', 5, ''])) {
        const refused = failure(() => new host.Decoder({ encoding }));
        assert.equal(refused.code, 'WALSCOPE_BAD_OPTION', String(encoding));
      }
    },
  },
  {
    name: 'their batch can be read on, and has the bytes',
    async run(tools) {
      const { assert, host } = tools;
      const batch = new host.Decoder().push(await tools.load('sqlAscii'));
      const ids = [];
      for (const row of batch) {
        if (row.kind !== 'insert') continue;
        ids.push(row.get('id'));
        if (row.get('id') !== 2) continue;
        assert.deepEqual(row.bytes('body'), Uint8Array.of(0x61, 0x62, 0xff, 0x63));
        assert.equal(failure(() => row.get('body')).code, 'WALSCOPE_BAD_UTF8');
        assert.equal(failure(() => row.text('body')).code, 'WALSCOPE_BAD_UTF8');
        assert.equal(failure(() => row.toObject()).code, 'WALSCOPE_BAD_UTF8');
        assert.match(host.stringify(row), /"new":\{"id":2,"body":\{"\$bytes":"6162ff63"\}\}/);
      }
      assert.deepEqual(ids, [1, 2, 3]);
      // An iterator that threw goes on with the next change.
      const changes = batch.changes();
      const rest = /** @type {any[]} */ ([]);
      for (let failures = 0; failures < 2;) {
        try {
          const { done, value } = changes.next();
          if (done) break;
          rest.push(value);
        } catch {
          failures += 1;
        }
      }
      assert.deepEqual(
        rest.filter((change) => change.kind === 'insert').map((change) => change.new.id),
        [1, 3],
      );
    },
  },
  {
    name: 'LSNs go both ways and compare as numbers',
    run({ assert, host }) {
      const { lsn } = host;
      assert.equal(lsn.parse('16/B374D848'), 0x16b374d848n);
      assert.equal(lsn.parse('ffffffff/FFFFFFFF'), 2n ** 64n - 1n);
      assert.equal(lsn.format(0x16b374d848n), '16/B374D848');
      assert.equal(lsn.format(2n ** 64n - 1n), 'FFFFFFFF/FFFFFFFF');
      assert.equal(lsn.format(0n), '0/0');
      assert.deepEqual(['A/0', '9/FFFFFFFF', '0/10'].sort(lsn.compare), [
        '0/10',
        '9/FFFFFFFF',
        'A/0',
      ]);
      assert.equal(lsn.compare('0/a', 10n), 0);
      for (const text of ['', '0', '0/', '/0', '0/123456789', '-1/0', '0/0 ', '0x1/0']) {
        assert.equal(failure(() => lsn.parse(text)).code, 'WALSCOPE_BAD_LSN', text);
      }
      for (const number of [-1n, 2n ** 64n]) {
        assert.equal(failure(() => lsn.format(number)).code, 'WALSCOPE_BAD_LSN');
      }
    },
  },
  {
    name: 'a capture in another order of pieces gives the same changes',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('changes');
      const expected = (await changesOf(tools, 'changes')).map((change) => host.stringify(change));
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += 1001) yield bytes.subarray(at, at + 1001);
      }
      const stream = /** @type {AsyncIterable<any>} */ (host.decode(pieces()));
      const lines = [];
      for await (const change of stream) lines.push(host.stringify(change));
      assert.deepEqual(lines, expected);
      const web = new ReadableStream({
        start(controller) {
          controller.enqueue(bytes.subarray(0, 100));
          controller.enqueue(bytes.subarray(100));
          controller.close();
        },
      });
      const again = [];
      for await (const change of /** @type {AsyncIterable<any>} */ (host.decode(web))) {
        again.push(host.stringify(change));
      }
      assert.deepEqual(again, expected);
    },
  },
];
