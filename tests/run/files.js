// Every JavaScript test file, by the step that runs it. Node 20 takes no patterns, and a list shows
// what runs; `npm test` fails when a test file of the tree is in no list.

/** @type {Record<string, string[]>} */
export const TEST_FILES = {
  /** The addon, and what needs no host. */
  addon: [
    'tests/harness/harness.test.js',
    'tests/js/addon.test.js',
    'tests/js/error-codes.test.js',
    'tests/js/retention.test.js',
    'tests/js/live/acknowledgement.test.js',
    'tests/js/live/endings.test.js',
    'tests/js/live/events.test.js',
    'tests/js/live/plugins.test.js',
    'tests/js/live/preset.test.js',
    'tests/js/live/readable.test.js',
    'tests/js/live/server.test.js',
    'tests/js/live/starting.test.js',
    'tests/js/live/transactions.test.js',
    'tests/js/live/types.test.js',
    'tests/js/live/values.test.js',
    'tests/large/large.test.js',
    'tests/demo/demo.test.js',
  ],
  /** wasm in Node, and core built for wasm32. */
  wasm: [
    'tests/js/wasm.test.js',
    'tests/js/entries.test.js',
    'tests/js/lines.test.js',
    'tests/js/readme.test.js',
    'tests/js/core-only.test.js',
    'tests/js/wasm-size.test.js',
  ],
  /** The packages from their tarballs. */
  packaging: ['tests/packaging/packaging.test.js'],
  /** wasm in Chromium. */
  browser: [
    'tests/browser/suite.test.js',
    'tests/browser/inspector.test.js',
    'tests/browser/export.test.js',
  ],
};
