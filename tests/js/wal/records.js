// Records are what pg_waldump of their version says.

import { load, pieces, readAll, timelineOf, wholeLog } from './helpers.js';
import { SAMPLES } from './samples.js';

const SLICE = 1 << 20;
/** Lines compared of a sample that repeats itself a hundred thousand times. */
const LINES = 3000;

/** @type {import('./index.js').Case[]} */
const LINE_CASES = SAMPLES.map((name) => ({
  name: `lines of ${name} are pg_waldump's`,
  async run(tools) {
    const { assert, host } = tools;
    const found = await load(tools, name);
    const expected = found.dump.split('\n');
    assert.equal(expected.pop(), '');
    const reader = new host.WalReader({ endOfLog: 'stop', timeline: timelineOf(found) });
    let count = 0;
    readAll(reader, pieces(wholeLog(found), SLICE), (record) => {
      if (count < LINES || count > expected.length - LINES) {
        assert.equal(String(record), expected[count]);
      }
      count += 1;
    });
    assert.equal(count, expected.length);
    assert.equal(reader.version, found.major);
    assert.equal(reader.segmentSize, found.segments[0]?.bytes.length);
  },
}));

/**
 * What `--bkp-details` says of the blocks of each record.
 *
 * @param {string} details
 * @returns {string[][]}
 */
function detailsOf(details) {
  /** @type {string[][]} */
  const all = [];
  for (const line of details.split('\n')) {
    if (line.startsWith('\t')) all.at(-1)?.push(line);
    else if (line !== '') all.push([]);
  }
  return all;
}

/**
 * @param {any} block
 * @param {number} major
 */
function detailLine(block, major) {
  const { id, tablespace, database, relation, fork, image } = block;
  const place = `rel ${tablespace}/${database}/${relation} fork ${fork} blk ${block.block}`;
  const line = `\tblkref #${id}: ${place}`;
  if (image === undefined) return line;
  const purpose = image.apply ? '' : ' for WAL verification';
  const hole = `hole: offset: ${image.holeOffset}, length: ${image.holeLength}`;
  const saved = 8192 - image.holeLength - image.length;
  const method = major === 14 ? '' : `, method: ${image.compression}`;
  const packed = image.compression ? `, compression saved: ${saved}${method}` : '';
  return `${line} (FPW${purpose}); ${hole}${packed}`;
}

/** @type {import('./index.js').Case[]} */
export const RECORDS = [
  ...LINE_CASES,
  {
    name: 'blocks and images are those of --bkp-details',
    async run(tools) {
      const { assert, host } = tools;
      let images = 0;
      for (const name of ['14/promote_tli2', '15/compression', '18/consistency']) {
        const found = await load(tools, name);
        const expected = detailsOf(await found.details());
        const reader = new host.WalReader({ endOfLog: 'stop' });
        let count = 0;
        readAll(reader, pieces(wholeLog(found), SLICE), (record) => {
          const lines = record.blocks.map((/** @type {any} */ one) => detailLine(one, found.major));
          assert.deepEqual(lines, expected[count], record.startLsn);
          assert.equal(record.blockCount, record.blocks.length);
          const {
            id: _,
            willInit: __,
            dataLength: ___,
            image: ____,
            ...first
          } = record.blocks[0] ?? {};
          assert.deepEqual(record.firstBlock, record.blockCount > 0 ? first : null);
          for (const block of record.blocks) {
            assert.equal(record.blockData(block.id)?.length ?? 0, block.dataLength);
            if (block.image === undefined) continue;
            images += 1;
            checkPage(assert, record, block);
          }
          count += 1;
        });
        assert.equal(count, expected.length);
      }
      assert.ok(images > 500, `${images} images`);
    },
  },
  {
    name: 'a record is data: JSON has the members of waldump --format json',
    async run(tools) {
      const { assert, host } = tools;
      const found = await load(tools, '18/clogtrunc');
      const reader = new host.WalReader();
      const [first] = reader.push(wholeLog(found));
      const { description, blocks, ...rest } = /** @type {any} */ (first).toJSON();
      assert.deepEqual(Object.keys(/** @type {any} */ (first).toJSON()), [
        'startLsn',
        'endLsn',
        'prevLsn',
        'timeline',
        'xid',
        'resourceManager',
        'recordType',
        'recordLength',
        'mainDataLength',
        'fpiLength',
        'description',
        'data',
        'blocks',
      ]);
      const line = found.dump.split('\n', 1)[0] ?? '';
      assert.ok(line.includes(`rmgr: ${rest.resourceManager} `));
      assert.ok(line.includes(`desc: ${rest.recordType} ${description}`));
      assert.equal(JSON.parse(JSON.stringify(first)).startLsn, rest.startLsn);
      assert.equal(rest.timeline, 1);
      assert.ok(Array.isArray(blocks));
    },
  },
  {
    name: 'the parts of a record are its bytes',
    async run(tools) {
      const { assert, host } = tools;
      const found = await load(tools, '18/consistency');
      const log = wholeLog(found);
      const reader = new host.WalReader({ endOfLog: 'stop' });
      let apart = 0;
      for (const batch of [reader.push(log)]) {
        for (const record of /** @type {Iterable<any>} */ (batch)) {
          const { bytes, mainData, chunkOffset } = record;
          assert.equal(bytes.length, record.recordLength);
          assert.equal(mainData.length, record.mainDataLength);
          const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
          assert.equal(size, bytes.length);
          if (chunkOffset === null) apart += 1;
          else assert.deepEqual(log.slice(chunkOffset, chunkOffset + size), bytes.slice());
        }
      }
      assert.ok(apart > 50, `${apart} records go over pages`);
    },
  },
  {
    name: 'a tree has every byte of a record',
    async run(tools) {
      const { assert, host } = tools;
      let fields = 0;
      for (const name of ['14/promote_tli2', '18/consistency']) {
        const reader = new host.WalReader({ endOfLog: 'stop' });
        const log = wholeLog(await load(tools, name));
        for (const record of /** @type {Iterable<any>} */ (reader.push(log.subarray(0, SLICE)))) {
          const tree = record.tree();
          assert.equal(tree.end, record.recordLength);
          const header = tree.children[0];
          assert.equal(header.name, 'header');
          const value = (/** @type {string} */ field) =>
            header.children.find((/** @type {any} */ child) => child.name === field).value;
          assert.equal(value('totalLength'), record.recordLength);
          assert.equal(value('xid'), record.xid);
          assert.equal(value('prev'), record.prevLsn);
          fields += leaves(tree).length;
          const main = tree.children.at(-1);
          if (record.mainDataLength > 0) {
            assert.equal(main.name, 'mainData');
            assert.equal(main.end - main.start, record.mainDataLength);
          }
        }
      }
      assert.ok(fields > 10_000, `${fields} fields`);
    },
  },
];

/**
 * @param {any} node
 * @returns {any[]}
 */
function leaves(node) {
  return node.children === undefined ? [node] : node.children.flatMap(leaves);
}

/**
 * A page has what its image has, around a hole of zeros.
 *
 * @param {import('./index.js').Tools['assert']} assert
 * @param {any} record
 * @param {any} block
 */
function checkPage(assert, record, { id, image }) {
  const page = record.page(id);
  assert.equal(page.length, 8192);
  const hole = page.subarray(image.holeOffset, image.holeOffset + image.holeLength);
  assert.ok(hole.every((/** @type {number} */ byte) => byte === 0));
  // pd_lower and pd_upper of a page that the hole was taken from.
  if (image.holeLength > 0) {
    const view = new DataView(page.buffer, page.byteOffset);
    assert.equal(view.getUint16(12, true), image.holeOffset, record.startLsn);
    assert.equal(view.getUint16(14, true), image.holeOffset + image.holeLength);
  }
}
