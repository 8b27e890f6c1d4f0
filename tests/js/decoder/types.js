// User types through the option typeTable, functions of the user by type, and values that are wrong.

import { failure } from './helpers.js';
import { arrayOf, bytesOf, int4, joined, recordingOf, sized } from './recording.js';

const [MOOD, MOODS, AGE, YEARS, YEARS_LIST] = [16384, 16383, 16386, 16387, 16388];
const [PAIR, PAIRS, SPAN, HSTORE, CITEXT, CITEXTS] = [16389, 16390, 16391, 16392, 16393, 16394];
const [FEELING, DOTS] = [16395, 16396];
const [INT4, TEXT, JSONB, FLOAT8] = [23, 25, 3802, 701];

const TYPE_TABLE = {
  version: 1,
  types: [
    { oid: MOOD, schema: 'public', name: 'mood', kind: 'enum' },
    { oid: MOODS, schema: 'public', name: '_mood', kind: 'array', element: MOOD, delimiter: ',' },
    { oid: AGE, schema: 'public', name: 'age', kind: 'domain', base: INT4 },
    { oid: YEARS, schema: 'public', name: 'years', kind: 'domain', base: AGE },
    {
      oid: YEARS_LIST,
      schema: 'public',
      name: '_years',
      kind: 'array',
      element: YEARS,
      delimiter: ',',
    },
    {
      oid: PAIR,
      schema: 'public',
      name: 'pair',
      kind: 'composite',
      fields: [
        { name: 'a', type: INT4 },
        { name: 'b', type: MOOD },
      ],
    },
    { oid: PAIRS, schema: 'public', name: '_pair', kind: 'array', element: PAIR, delimiter: ',' },
    { oid: SPAN, schema: 'other', name: 'span', kind: 'range', subtype: INT4 },
    { oid: HSTORE, schema: 'public', name: 'hstore', kind: 'hstore' },
    { oid: CITEXT, schema: 'public', name: 'citext', kind: 'domain', base: TEXT },
    {
      oid: CITEXTS,
      schema: 'public',
      name: '_citext',
      kind: 'array',
      element: CITEXT,
      delimiter: ',',
    },
    { oid: FEELING, schema: 'other', name: 'mood', kind: 'domain', base: MOOD },
    { oid: DOTS, schema: 'public', name: '_dot', kind: 'array', element: MOOD, delimiter: ';' },
  ],
};

const pair = joined(int4(2), int4(INT4), sized(int4(7)), int4(MOOD), sized(bytesOf('sad')));

/** Of each type a value in text form, in binary form, and what it is. */
const VALUES = /** @type {[number, string, Uint8Array, unknown][]} */ ([
  [MOOD, 'sad', bytesOf('sad'), 'sad'],
  [
    MOODS,
    '{sad,NULL,"o,k"}',
    arrayOf(MOOD, [bytesOf('sad'), null, bytesOf('o,k')]),
    ['sad', null, 'o,k'],
  ],
  [AGE, '7', int4(7), 7],
  [YEARS, '8', int4(8), 8],
  [YEARS_LIST, '{1,2}', arrayOf(YEARS, [int4(1), int4(2)]), [1, 2]],
  [PAIR, '(7,sad)', pair, '(7,sad)'],
  [PAIRS, '{"(7,sad)"}', arrayOf(PAIR, [pair]), ['(7,sad)']],
  [SPAN, '[1,5)', joined(2, sized(int4(1)), sized(int4(5))), '[1,5)'],
  [HSTORE, '"k"=>"v"', joined(int4(1), sized(bytesOf('k')), sized(bytesOf('v'))), '"k"=>"v"'],
  [CITEXT, 'Straße', bytesOf('Straße'), 'Straße'],
  [CITEXTS, '{A,é}', arrayOf(CITEXT, [bytesOf('A'), bytesOf('é')]), ['A', 'é']],
  [FEELING, 'sad', bytesOf('sad'), 'sad'],
  [DOTS, '{a,b;c}', arrayOf(MOOD, [bytesOf('a,b'), bytesOf('c')]), ['a,b', 'c']],
]);

const TYPES = VALUES.map(([type]) => type);
const BOTH_FORMS = recordingOf(TYPES, [
  VALUES.map(([, text]) => text),
  VALUES.map(([, , binary]) => binary),
]);

/**
 * The rows of a recording.
 *
 * @param {import('./index.js').Tools} tools
 * @param {Uint8Array} bytes
 * @param {object} [options]
 * @returns {any[]}
 */
function rows({ host }, bytes, options) {
  const changes = [.../** @type {Iterable<any>} */ (host.decode(bytes, options))];
  return changes.filter(({ kind }) => kind === 'insert');
}

/**
 * A row's values, in their order.
 *
 * @param {any} change
 */
const valuesOf = (change) => Object.values(change.new);

/** @type {import('./index.js').Case[]} */
export const USER_TYPES = [
  {
    name: 'a type table gives user types their values, the same from text and from binary',
    run(tools) {
      const { assert, host } = tools;
      for (const typeTable of [TYPE_TABLE, JSON.stringify(TYPE_TABLE)]) {
        const both = rows(tools, BOTH_FORMS, { typeTable });
        for (const row of both) {
          assert.deepEqual(
            valuesOf(row),
            VALUES.map(([, , , value]) => value),
          );
          for (const [index, [, text]] of VALUES.entries()) assert.equal(row.text(index), text);
        }
        const [text, binary] = both.map((row) => host.stringify(row).replace(/"seq":\d/, ''));
        assert.equal(text, binary);
      }
    },
  },
  {
    name: 'without a type table user types are text, and in binary form bytes',
    run(tools) {
      const { assert } = tools;
      const [text, binary] = rows(tools, BOTH_FORMS);
      assert.deepEqual(
        valuesOf(text),
        VALUES.map(([, value]) => value),
      );
      assert.deepEqual(
        valuesOf(binary),
        VALUES.map(([, , bytes]) => bytes),
      );
      assert.equal(binary.text(0), undefined);
      const empty = rows(tools, BOTH_FORMS, { typeTable: { version: 1, types: [] } });
      assert.deepEqual(valuesOf(empty[1]), valuesOf(binary));
    },
  },
  {
    name: 'functions go by the names of user types, with schema or without',
    run(tools) {
      const { assert } = tools;
      /** @param {string} mark */
      const mark = (mark) => (/** @type {string} */ text) => `${mark} ${text}`;
      const types = {
        'public.mood': mark('mood'),
        'other.mood': mark('feeling'),
        age: mark('age'),
        'pair[]': mark('pairs'),
        citext: mark('citext'),
        'pg_catalog.int4range': mark('none'),
        [SPAN]: mark('span'),
      };
      for (const row of rows(tools, BOTH_FORMS, { typeTable: TYPE_TABLE, types })) {
        const [mood, moods, age, years, list, , pairs, span, , citext, citexts, feeling] =
          valuesOf(row);
        assert.equal(mood, 'mood sad');
        assert.deepEqual(moods, ['mood sad', null, 'mood o,k']);
        // A domain over a domain, and an array of those.
        assert.deepEqual([age, years, list], ['age 7', 'age 8', ['age 1', 'age 2']]);
        assert.deepEqual([pairs, span], ['pairs {"(7,sad)"}', 'span [1,5)']);
        assert.deepEqual([citext, citexts], ['citext Straße', ['citext A', 'citext é']]);
        assert.equal(feeling, 'feeling sad');
      }
    },
  },
  {
    name: 'a key of types that can never match is refused by its name',
    run({ assert, host }) {
      for (const [key, problem] of [
        ['4294967296', /key 4294967296, which is no OID/],
        ['99999999999999999999', /key 99999999999999999999, which is no OID/],
        ['0', /"0", which names no type/],
        ['-5', /"-5", which names no type/],
        ['moody', /"moody", which names no type/],
        ['public.int4', /"public\.int4", which names no type/],
        ['mood', /"mood", which names public\.mood \(OID 16384\) and other\.mood \(OID 16395\)/],
      ]) {
        const types = { [String(key)]: String };
        const error = failure(() => new host.Decoder({ typeTable: TYPE_TABLE, types }));
        assert.equal(error.code, 'WALSCOPE_BAD_OPTION', String(key));
        assert.match(error.message, /** @type {RegExp} */ (problem));
      }
      const unknown = failure(() => new host.Decoder({ types: { pair: String } }));
      assert.match(unknown.message, /"pair", which names no type/);
      assert.match(unknown.hint, /typeTable/);
      const wrong = /** @type {any} */ ({ 16384: 5 });
      assert.match(
        failure(() => new host.Decoder({ types: wrong })).message,
        /"16384"\] is no function/,
      );
      new host.Decoder({ types: { 4294967295: String, 'pg_catalog.numeric[]': String } }).free();
    },
  },
  {
    name: 'a malformed type table says what is wrong with it',
    run({ assert, host }) {
      const mood = { oid: 5, schema: 's', name: 'mood', kind: 'enum' };
      /** @param {object} type */
      const of = (type) => ({ version: 1, types: [mood, { ...mood, oid: 6, ...type }] });
      for (const [typeTable, problem] of /** @type {[any, RegExp][]} */ ([
        ['', /it is not JSON/],
        ['{"version":1,"types":[', /it is not JSON/],
        [5, /it is none/],
        [{}, /it is none/],
        [{ version: 2, types: [] }, /it has version 2, and this walscope reads 1/],
        [{ version: 1, types: {} }, /it has no list of types/],
        [{ version: 1, types: [null] }, /has the kind undefined at types\[0\]/],
        [of({ kind: 'song' }), /has the kind "song" at types\[1\] \(mood\)/],
        [of({ oid: 5 }), /several types of OID 5/],
        [of({ oid: 2 ** 32 }), /types\[1\] \(mood\): oid is 4294967296/],
        [of({ oid: '6' }), /oid is "6"/],
        [of({ schema: undefined }), /schema is missing/],
        [of({ name: 7 }), /types\[1\]: name is 7/],
        [of({ kind: 'domain' }), /base is missing/],
        [of({ kind: 'domain', base: 0 }), /base is 0/],
        [of({ kind: 'array', element: 5, delimiter: '' }), /delimiter is ""/],
        [of({ kind: 'array', element: 1.5, delimiter: ',' }), /element is 1.5/],
        [of({ kind: 'composite', fields: [{ name: 'a' }] }), /fields is \[\{"name":"a"\}\]/],
        [of({ kind: 'range' }), /subtype is missing/],
        [of({ kind: 'multirange', range: -1 }), /range is -1/],
      ])) {
        const error = failure(() => new host.Decoder({ typeTable }));
        assert.equal(error.code, 'WALSCOPE_BAD_OPTION', String(problem));
        assert.match(error.message, problem);
      }
    },
  },
  {
    name: 'a batch that has moved has its arrays, and takes functions and their names',
    run({ assert, host }) {
      const decoder = new host.Decoder({ typeTable: TYPE_TABLE });
      const { message, transfer } = decoder.push(BOTH_FORMS).toTransferable();
      const moved = structuredClone(message, { transfer });
      const values = VALUES.map(([, , , value]) => value);
      for (const row of host.Batch.from(moved)) {
        if (row.kind === 'insert') assert.deepEqual(Object.values(row.toObject() ?? {}), values);
      }
      const types = { 'public.mood': (/** @type {string} */ text) => text.length };
      for (const row of host.Batch.from(moved, { typeTable: TYPE_TABLE, types })) {
        if (row.kind === 'insert') assert.deepEqual(row.get(1), [3, null, 3]);
      }
    },
  },
];

/** Binary values that are none: type, bytes, the place of what is wrong in them. */
const BAD = /** @type {[number, Uint8Array, number][]} */ ([
  [INT4, int4(1).subarray(1), 3],
  [INT4, joined(int4(1), 0), 4],
  [JSONB, joined(9, bytesOf('{}')), 0],
  [FLOAT8, new Uint8Array(), 0],
  [1007, arrayOf(INT4, [int4(1), Uint8Array.of(1)]), 33],
  [YEARS, Uint8Array.of(1), 1],
  [PAIR, int4(3), 4],
]);

/** @type {import('./index.js').Case[]} */
export const BAD_VALUES = [
  {
    name: 'a binary value that is none of its type ends decoding, and is named',
    run(tools) {
      const { assert, host } = tools;
      for (const [type, value] of BAD) {
        const bytes = recordingOf(
          [TEXT, type],
          [
            ['first', null],
            ['x', value],
            ['y', null],
          ],
        );
        const seen = /** @type {any[]} */ ([]);
        const error = failure(() => {
          const all = host.decode(bytes, { typeTable: TYPE_TABLE });
          for (const change of /** @type {Iterable<any>} */ (all)) seen.push(change);
        });
        assert.ok(error instanceof host.DecodeError, `type ${type}: ${error}`);
        assert.equal(error.code, 'WALSCOPE_BAD_VALUE');
        assert.deepEqual([error.relation, error.column, error.lsn], ['public.t', 'c1', '0/C8']);
        assert.match(error.message, /column c1 of public\.t: .* at byte \d+/);
        assert.deepEqual([...error.bytes], [...value]);
        // Its place in the whole: what is wrong lies behind where the value begins.
        const start = error.offset - error.position;
        assert.deepEqual([...bytes.subarray(start, start + value.length)], [...value]);
        assert.deepEqual(seen.filter(({ kind }) => kind === 'insert').map(valuesOf), [
          ['first', null],
        ]);
      }
    },
  },
  {
    name: 'a value that is none can be skipped with its row, which keeps its number',
    run({ assert, host }) {
      for (const [type, value, position] of BAD) {
        const bytes = recordingOf(
          [TEXT, type],
          [
            ['x', null],
            ['y', value],
            ['z', null],
          ],
        );
        const all = [...host.decode(bytes, { typeTable: TYPE_TABLE, errors: 'include' })];
        const changes = /** @type {any[]} */ (all);
        assert.deepEqual(
          changes.map(({ kind, seq }) => [kind, seq]),
          [
            ['begin', null],
            ['relation', null],
            ['insert', 0],
            ['error', null],
            ['insert', 2],
            ['commit', null],
          ],
        );
        const { relation, column, offset, message } = changes[3];
        assert.deepEqual([relation, column], ['public.t', 'c1']);
        assert.match(message, new RegExp(`at byte ${offset}`));
        assert.match(host.stringify(changes[3]), /"relation":"public\.t","column":"c1"\}$/);
        const decoder = new host.Decoder({ typeTable: TYPE_TABLE });
        const thrown = failure(() => [...decoder.push(bytes).changes()]);
        assert.equal(thrown.position, position, `type ${type}`);
        // It is told again, without the bytes, that are gone.
        assert.equal(failure(() => [...decoder.push(bytes).changes()]).offset, thrown.offset);
      }
    },
  },
  {
    name: 'text that is not UTF-8 is an error when it is asked for, in both forms, and its bytes are there',
    run({ assert, host }) {
      const bad = Uint8Array.of(0x61, 0xff);
      const list = arrayOf(TEXT, [bad]);
      const bytes = recordingOf([TEXT, 1009, MOOD], [[bad, list, bad]]);
      const decoder = new host.Decoder({ typeTable: TYPE_TABLE });
      let rows = 0;
      for (const row of decoder.push(bytes)) {
        if (row.kind !== 'insert') continue;
        rows += 1;
        for (const [column, value] of [bad, list, bad].entries()) {
          for (const read of [() => row.get(column), () => row.text(column)]) {
            const error = failure(read);
            assert.equal(error.code, 'WALSCOPE_BAD_UTF8');
            assert.deepEqual([error.column, error.position], [`c${column}`, value.length - 1]);
          }
          assert.deepEqual(row.bytes(column), value);
        }
        assert.match(host.stringify(row), /"c0":\{"\$bytes":"61ff"\},"c1":\{"\$bytes":"0000/);
      }
      assert.equal(rows, 1);
    },
  },
];
