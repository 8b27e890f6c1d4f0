// The suites of the decoder and of the log's reader on WebAssembly in Chromium: the cases that tests/js
// runs on the addon and on WebAssembly in Node, none left out.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import { CASES as DECODER_CASES } from '../js/decoder/index.js';
import { CASES as WAL_CASES } from '../js/wal/index.js';
import { launch, openPage } from './chromium.js';
import * as pageAssert from './page-assert.js';
import { serve } from './serve.js';

const CASES = [...DECODER_CASES, ...WAL_CASES];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// No eval, as in the strictest pages.
const PAGE = `<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self'">
<link rel="icon" href="/wasm/inspector/icon.svg"><title>suite</title>
<script type="module" src="/tests/browser/suite-page.js"></script>`;

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof openPage>>} */
let opened;

before(async () => {
  server = await serve(ROOT, { '/suite.html': PAGE });
  browser = await launch();
  opened = await openPage(browser, server.url);
  await opened.page.goto(`${server.url}/suite.html`);
  await opened.page.waitForFunction(() => 'suite' in globalThis);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** @param {(suite: any) => unknown} read */
function ask(read) {
  return opened.page.evaluate(`(${read})(globalThis.suite)`);
}

test('Chromium: the page has every case of the suite', async () => {
  assert.ok(DECODER_CASES.length > 0 && WAL_CASES.length > 0);
  assert.equal(new Set(CASES.map(({ name }) => name)).size, CASES.length);
  assert.deepEqual(
    await ask((suite) => suite.names),
    CASES.map(({ name }) => name),
  );
});

test('Chromium: a decoder and a reader before init say so', async () => {
  assert.equal(await ask((suite) => suite.codes.beforeInit), 'WALSCOPE_NOT_READY');
  assert.equal(await ask((suite) => suite.codes.walBeforeInit), 'WALSCOPE_NOT_READY');
});

for (const { name } of CASES) {
  test(`Chromium: ${name}`, async () => {
    const problem = await opened.page.evaluate(
      (wanted) => /** @type {any} */ (globalThis).suite.runCase(wanted),
      name,
    );
    assert.equal(problem, null);
  });
}

test('Chromium: the page was quiet', () => {
  assert.deepEqual(opened.complaints, []);
});

/** @type {[unknown, unknown][]} */
const PAIRS = [
  [1, 1],
  [1, 1n],
  [0, -0],
  [NaN, NaN],
  [null, undefined],
  ['a', 'a'],
  [Symbol.for('a'), Symbol.for('a')],
  [
    [1, [2]],
    [1, [2]],
  ],
  [[1], [1, undefined]],
  [[], {}],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [{ a: 1 }, { a: 1, b: undefined }],
  [{ a: undefined }, { b: undefined }],
  [{ a: 1 }, Object.assign(Object.create(null), { a: 1 })],
  [JSON.parse('{"__proto__": 1}'), {}],
  [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}')],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1]), new Int8Array([1])],
  [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])],
  [new Map([[1, 2]]), new Map([[1, 3]])],
  [new Set([1]), new Set([2])],
  [new Error('a'), new Error('b')],
];

test('what compares in the page agrees with node:assert', () => {
  /** @param {() => void} act */
  const passes = (act) => {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  };
  for (const [a, b] of PAIRS) {
    for (const compare of /** @type {const} */ (['equal', 'deepEqual'])) {
      assert.equal(
        passes(() => pageAssert[compare](a, b)),
        passes(() => assert[compare](a, b)),
        `${compare} ${inspect(a)} ${inspect(b)}`,
      );
    }
  }
  for (const text of ['abc', 'xyz']) {
    assert.equal(
      passes(() => pageAssert.match(text, /b/)),
      passes(() => assert.match(text, /b/)),
    );
  }
  for (const value of [true, false, 0, '', {}]) {
    assert.equal(
      passes(() => pageAssert.ok(value)),
      passes(() => assert.ok(value)),
    );
  }
});
