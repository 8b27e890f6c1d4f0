// PostgreSQL's values as JavaScript's.

import { changesOf, failure, rowsOf } from './helpers.js';
import { parseArray } from '../../../node/decoding/arrays.js';
import { FlatJson } from '../../../node/decoding/flat-json.js';
import { parseJson } from '../../../node/decoding/json.js';
import { bigintOf, shortDecimal, shortInteger } from '../../../node/decoding/numbers.js';
import { TextSource } from '../../../node/decoding/text.js';

/**
 * What is read from a text, by the form of another one. Other bytes stand around it.
 *
 * @param {string} text
 * @param {string} known
 */
function readFlat(text, known) {
  const flat = new FlatJson();
  const bytes = new TextEncoder().encode(`${known}}${text}}`);
  const source = new TextSource(bytes, 0, null);
  flat.learn(JSON.parse(known), source, 0);
  return flat.read(source, known.length + 1, text.length);
}

/**
 * @param {(data: Uint8Array, start: number, end: number) => number} read
 * @param {string} text
 */
function readNumber(read, text) {
  return read(new TextEncoder().encode(`1${text}1`), 1, 1 + text.length);
}

/** @type {import('./index.js').Case[]} */
export const VALUES = [
  {
    name: 'every type has its value',
    async run(tools) {
      const { assert } = tools;
      const [full, extremes] = await rowsOf(tools, 'values', 'scalars');
      assert.deepEqual(full.new, {
        id: 1,
        b: true,
        i2: -32768,
        i8: 9223372036854775807n,
        o: 4294967295,
        f4: 1.5,
        f8: 0.1,
        n: '123456789012345678901234567890.10',
        t: 'text',
        v: 'varying',
        c: 'ab  ',
        j: { a: null },
        jb: { b: { c: 'd' } },
        x: Uint8Array.of(0x00, 0xff, 0x10),
        u: '00000000-0000-4000-8000-000000000001',
        ts: '2026-11-22 08:00:00.123456+00',
      });
      assert.deepEqual(extremes.new, {
        id: -2147483648,
        b: false,
        i2: 0,
        i8: -9007199254740993n,
        o: 0,
        f4: NaN,
        f8: -Infinity,
        n: null,
        t: '',
        v: null,
        c: null,
        j: null,
        jb: null,
        x: null,
        u: null,
        ts: null,
      });
    },
  },
  {
    name: 'the preset node-postgres has the values of that package',
    async run(tools) {
      const { assert, host } = tools;
      const preset = { preset: 'node-postgres' };
      const [full, , , json] = await rowsOf(tools, 'values', 'scalars', preset);
      const bytes = /** @type {any} */ (globalThis).Buffer ?? Uint8Array;
      const { j, ...others } = full.new;
      assert.deepEqual(others, {
        id: 1,
        b: true,
        i2: -32768,
        i8: '9223372036854775807',
        o: 4294967295,
        f4: 1.5,
        f8: 0.1,
        n: '123456789012345678901234567890.10',
        t: 'text',
        v: 'varying',
        c: 'ab  ',
        jb: { b: { c: 'd' } },
        x: bytes.from([0x00, 0xff, 0x10]),
        u: '00000000-0000-4000-8000-000000000001',
        ts: new Date('2026-11-22T08:00:00.123Z'),
      });
      assert.deepEqual(j, { a: null });
      assert.equal(json.new.j.big, 9007199254740992);
      const [arrays] = await rowsOf(tools, 'values', 'arrays', preset);
      assert.deepEqual(
        [arrays.new.i8, arrays.new.n],
        [
          ['9223372036854775807', '1'],
          [1.1, 2],
        ],
      );
      const refused = failure(() => new host.Decoder({ preset: 'node-postgres', int8: 'number' }));
      assert.equal(refused.code, 'WALSCOPE_BAD_OPTION');
    },
  },
  {
    name: 'a function of the user makes values of a type, of its arrays and of nothing else',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('values');
      const types = {
        numeric: (/** @type {string} */ text) => `n ${text}`,
        23: (/** @type {string} */ text) => `i ${text}`,
        bytea: (/** @type {string} */ text) => `x ${text}`,
      };
      const decoder = new host.Decoder({ types });
      const changes = /** @type {any[]} */ ([...decoder.push(bytes).changes()]);
      const [full] = changes.filter(({ kind, table }) => kind === 'insert' && table === 'scalars');
      assert.deepEqual(
        [full.new.id, full.new.n, full.new.x, full.new.i2],
        ['i 1', 'n 123456789012345678901234567890.10', 'x \\x00ff10', -32768],
      );
      assert.equal(full.text('n'), '123456789012345678901234567890.10');
      const [flat] = changes.filter(({ kind, table }) => kind === 'insert' && table === 'arrays');
      assert.equal(flat.new.id, 'i 1');
      assert.deepEqual(flat.new.i2, [1, -2]);
    },
  },
  {
    name: 'a function that fails names column, type and value',
    async run(tools) {
      const { assert, host } = tools;
      const bytes = await tools.load('values');
      const types = {
        uuid: () => {
          throw new RangeError('no');
        },
      };
      const decoder = new host.Decoder({ types });
      const error = failure(() => [...decoder.push(bytes).changes()]);
      assert.equal(error.code, 'WALSCOPE_TYPE_FUNCTION');
      assert.match(error.message, /column u of public\.scalars \(OID 2950\) failed on "0000/);
      assert.equal(error.cause.message, 'no');
      for (const wrong of /** @type {any[]} */ ([{ nosuch: String }, { int4: 5 }])) {
        const refused = failure(() => new host.Decoder({ types: wrong }));
        assert.equal(refused.code, 'WALSCOPE_BAD_OPTION');
      }
    },
  },
  {
    name: 'arrays nest by dimension and have the values of their element type',
    async run(tools) {
      const { assert } = tools;
      const [flat, deep] = await rowsOf(tools, 'values', 'arrays');
      assert.deepEqual(flat.new, {
        id: 1,
        b: [true, false, null],
        i2: [1, -2],
        i4: [7, 8, 9],
        i8: [9223372036854775807n, 1n],
        f8: [1.5, NaN, Infinity],
        t: ['plain', 'with "quotes" and \\', '', 'NULL', null, 'ü, {x}'],
        j: [{ a: 9007199254740993n }, [1, 2]],
        x: [Uint8Array.of(1), new Uint8Array()],
        n: ['1.10', '2'],
      });
      assert.deepEqual(deep.new.i4, [
        [1, 2],
        [3, null],
      ]);
      assert.deepEqual(deep.new.t, []);
      assert.equal(flat.text('i4'), '[0:2]={7,8,9}');
    },
  },
  {
    name: 'what is no array is refused',
    run({ assert }) {
      const broken = [
        '',
        '{',
        '{1',
        '{1,}',
        '{,1}',
        '{"a}',
        '{1}}',
        '{1}x',
        '1',
        '{{1},{2}',
        '{{{{{{{1}}}}}}}',
      ];
      for (const text of broken) {
        const error = failure(() => parseArray(text, (element) => element));
        assert.ok(error instanceof SyntaxError, text);
      }
    },
  },
  {
    name: 'integers in JSON that a double cannot hold are bigints',
    async run(tools) {
      const { assert } = tools;
      const [change] = (await rowsOf(tools, 'values', 'scalars')).filter(
        ({ new: { id } }) => id === 4,
      );
      const { j, jb } = change.new;
      assert.equal(j.big, 9007199254740993n);
      assert.equal(j.fits, 9007199254740992);
      assert.equal(j.text, '9007199254740993 " ');
      assert.equal(j.real, 9007199254740994);
      assert.equal(j.power, 9007199254740992);
      assert.equal(Object.getOwnPropertyDescriptor(j, '__proto__')?.value, 12345678901234567890n);
      assert.deepEqual(j.deep, [[-9007199254740993n, { 1: true }], []]);
      assert.equal(jb[0], 10n ** 400n);
      assert.equal(jb[1], 1e20);
      assert.equal(jb[2].constructor, 18446744073709551615n);
    },
  },
  {
    name: 'JSON is read as JSON.parse reads it, but for those integers',
    run({ assert }) {
      const long = '12345678901234567890';
      const same = [
        '{"a":{"b":[1,{"c":"d"}]},"e":[]}',
        '[true,false,null,""]',
        ' [ 1 , -0 ] ',
        '"x"',
        '1.5e3',
      ];
      for (const text of same) {
        const expected = JSON.parse(text);
        // A long integer sends the whole document down the slow road.
        assert.deepEqual(parseJson(`[${long},${text}]`), [BigInt(long), expected], text);
        assert.deepEqual(parseJson(text), expected, text);
      }
      assert.deepEqual(parseJson(`{"a":1,"b":${long},"a":2}`), { a: 2, b: BigInt(long) });
      assert.deepEqual(parseJson(`["\\\\",${long},"\\"${long}"]`), [
        '\\',
        BigInt(long),
        `"${long}`,
      ]);
      assert.ok(failure(() => parseJson(`[${long},]`)) instanceof SyntaxError);
      const depth = 100_000;
      const nested = /** @type {any} */ (parseJson('['.repeat(depth) + long + ']'.repeat(depth)));
      let levels = 0;
      let value = nested;
      for (; Array.isArray(value); levels += 1) value = value[0];
      assert.deepEqual([levels, value], [depth, BigInt(long)]);
    },
  },
  {
    name: 'objects of a known form are read as JSON.parse reads them, or not at all',
    run({ assert }) {
      const known = '{"a": 1, "b": "x"}';
      const sameForm = [
        known,
        '{"a": -5, "b": ""}',
        '{"a": null, "b": "y, {}"}',
        '{"a": true, "b": false}',
        '{"a": 0, "b": -0}',
        '{"a": -0.5, "b": 12.250}',
        '{"a": 9007199254740991, "b": 123456789012345}',
      ];
      const otherForms = [
        '{"a":1,"b":"x"}',
        '{"b": "x", "a": 1}',
        '{"a": 1}',
        '{"a": 1, "b": 2, "c": 3}',
        '{"a": 1, "b": 2, "b": 3}',
        '{"a": 1, "b": [2]}',
        '{"a": 1, "b": {"c": 2}}',
        '{"a": 1, "b": "\\n"}',
        '{"a": 1e5, "b": 2}',
        '{"a": 1, "b": 2e5}',
        '{"a": 9007199254740993, "b": 2}',
        '{"a": 1, "b": 2} ',
        '[1]',
        'null',
        '{}',
      ];
      // The last two of these are red without `this.#at = NOWHERE`, the first without `padded`.
      const noJson = [
        '{"a": 01, "b": 2}',
        '{"a": 1., "b": 2}',
        '{"a": .5, "b": 2}',
        '{"a": -, "b": 2}',
        '{"a": 1.2.3, "b": 2}',
        '{"a": tru, "b": 2}',
        '{"a": "\n", "b": 2}',
        '{"a": 1, "b": 2',
        '{"a": 1, "b": "x',
        '{"a": 1, "b": 2}}',
        '{"a": 1,}',
        '{"a": }',
        '}',
      ];
      for (const text of sameForm) {
        const read = readFlat(text, known);
        assert.deepEqual(read, JSON.parse(text), text);
        assert.deepEqual(Object.keys(read ?? {}), ['a', 'b']);
      }
      for (const text of otherForms) {
        assert.ok(JSON.parse(text) !== undefined);
        assert.equal(readFlat(text, known), undefined, text);
      }
      for (const text of noJson) {
        assert.ok(failure(() => JSON.parse(text)) instanceof SyntaxError, text);
        assert.equal(readFlat(text, known), undefined, text);
      }
      assert.deepEqual(readFlat('{"1":2,"é":"x"}', '{"1":1,"é":1}'), undefined);
      assert.deepEqual(readFlat('{"1":2,"b":"x"}', '{"1":1,"b":1}'), { 1: 2, b: 'x' });
      // Assigning to these names would not make a property, or not only.
      for (const name of ['__proto__', 'constructor', 'toString']) {
        const text = `{"${name}": 1, "b": 2}`;
        assert.equal(readFlat(text, text), undefined, name);
      }
    },
  },
  {
    name: 'numbers are read from their bytes as they are from their text, or not at all',
    run({ assert }) {
      const texts = [
        '0',
        '-0',
        '7',
        '-1',
        '0.1',
        '-0.5',
        '1.50',
        '333.3333333333333',
        '1e5',
        'NaN',
      ];
      texts.push('', '-', '.', '1.', '.5', '1..2', '1.2.3', '+1', '-Infinity', '0x10', ' 1');
      texts.push('9007199254740991', '9007199254740992', '9007199254740993', '900719925474099.3');
      texts.push('0.30000000000000004', '1666.6666666666667', '0.00000000000000001');
      for (let power = 0; power < 60; power += 1) {
        for (const digits of [1, 3, 9, 16]) {
          texts.push((2 ** power / 3).toFixed(digits), (-(2 ** power) / 7).toPrecision(digits));
        }
        texts.push(`${2n ** BigInt(power)}`, `-${2n ** BigInt(power) - 1n}`);
      }
      let read = 0;
      for (const text of texts) {
        const decimal = readNumber(shortDecimal, text);
        if (!Number.isNaN(decimal)) {
          assert.ok(Object.is(decimal, Number(text)), text);
          read += 1;
        }
        const integer = readNumber(shortInteger, text);
        if (!Number.isNaN(integer)) assert.ok(integer === Number(text), text);
        if (Number.isSafeInteger(integer)) assert.equal(bigintOf(integer), BigInt(text), text);
      }
      assert.ok(read > texts.length / 3, `${read} of ${texts.length}`);
    },
  },
  {
    name: 'options choose other values, and text() has PostgreSQLs',
    async run(tools) {
      const { assert } = tools;
      const [text] = await rowsOf(tools, 'values', 'scalars', { int8: 'string', json: 'text' });
      assert.equal(text.new.i8, '9223372036854775807');
      assert.equal(text.new.j, '{"a": [1, 2.50], "a": null}');
      assert.equal(text.text('f8'), '0.1');
      assert.equal(text.text('x'), '\\x00ff10');
      assert.equal(text.text(0), '1');
      assert.equal(text.text('nothing'), undefined);
      assert.equal(text.text('b', 'old'), undefined);
      const bytes = await tools.load('values');
      const numbers = tools.host.decode(bytes, { int8: 'number' });
      const error = failure(() => [.../** @type {Iterable<any>} */ (numbers)]);
      assert.equal(error.code, 'WALSCOPE_VALUE_TOO_LARGE');
      assert.match(error.message, /column i8 of public\.scalars/);
      const small = await changesOf(tools, 'changes', { int8: 'number' });
      assert.ok(small.some((change) => change.new?.c === 3));
    },
  },
];
