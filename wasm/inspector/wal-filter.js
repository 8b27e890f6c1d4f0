// Which records of a log are listed: `rmgr:heap xid:742 rel:16384 lsn:0/3800028 fpi:yes words`.

import { lsn } from '../wal-names.js';

/** @typedef {import('../wal/record.js').WalRecord} WalRecord */
/** @typedef {(record: WalRecord) => boolean} Test */

/** @type {Record<string, (value: string) => Test>} */
const TERMS = {
  rmgr: (value) => (record) => record.resourceManager.toLowerCase() === value,
  type: (value) => (record) => record.recordType.toLowerCase().includes(value),
  xid: (value) => {
    const xid = number(value, 'a transaction');
    return (record) => record.xid === xid || record.toplevelXid === xid;
  },
  rel: relation,
  lsn: (value) => {
    const at = position(value);
    return (record) => lsn.parse(record.startLsn) <= at && at < lsn.parse(record.endLsn);
  },
  from: (value) => {
    const at = position(value);
    return (record) => lsn.parse(record.startLsn) >= at;
  },
  to: (value) => {
    const at = position(value);
    return (record) => lsn.parse(record.startLsn) < at;
  },
  fpi: (value) => {
    if (value !== 'yes' && value !== 'no') throw new Error(`“fpi:${value}”: it is yes or no.`);
    return (record) => record.fpiLength > 0 === (value === 'yes');
  },
};

/**
 * A test of all the terms; null where there is none. Throws what is wrong with them as a sentence.
 * @param {string} text
 * @returns {Test | null}
 */
export function parseFilter(text) {
  const tests = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(parseTerm);
  if (tests.length === 0) return null;
  return (record) => tests.every((test) => test(record));
}

/**
 * @param {string} word
 * @returns {Test}
 */
function parseTerm(word) {
  const [, name = '', value = ''] = /^([a-z]+):(.*)$/.exec(word) ?? [];
  if (name === '') {
    const wanted = word.toLowerCase();
    return (record) => record.toString().toLowerCase().includes(wanted);
  }
  const term = TERMS[name];
  if (term === undefined) {
    throw new Error(`There is no “${name}:”: there are ${Object.keys(TERMS).join(', ')}.`);
  }
  if (value === '') throw new Error(`“${name}:” lacks its value.`);
  return term(value.toLowerCase());
}

/**
 * @param {string} value
 * @returns {Test}
 */
function relation(value) {
  const numbers = value.split('/').map((part) => number(part, 'a relation'));
  if (numbers.length !== 1 && numbers.length !== 3) {
    throw new Error(`“rel:${value}”: it is 16384, or 1663/5/16384.`);
  }
  const file = numbers.at(-1);
  const [tablespace, database] = numbers;
  return (record) =>
    record.blockCount > 0 &&
    record.blocks.some(
      (block) =>
        block.relation === file &&
        (numbers.length === 1 || (block.tablespace === tablespace && block.database === database)),
    );
}

/**
 * @param {string} value
 * @param {string} what
 */
function number(value, what) {
  if (!/^\d{1,10}$/.test(value)) throw new Error(`“${value}” is no number of ${what}.`);
  return Number(value);
}

/** @param {string} value */
function position(value) {
  try {
    return lsn.parse(value);
  } catch {
    throw new Error(`“${value}” is no position, such as 0/3800028.`);
  }
}
