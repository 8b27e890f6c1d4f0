// The demo's lines on the terminal.

const COLOURS = { insert: 32, update: 33, delete: 31, commit: 2 };
const KIND_WIDTH = 'insert'.length;
const LSN_WIDTH = '0/1783888'.length;
/** Of `name=value`. */
const FIELD_WIDTH = 16;

/**
 * @param {string} text
 * @param {number} colour
 */
function paint(text, colour) {
  return process.stdout.isTTY ? `\x1b[${colour}m${text}\x1b[0m` : text;
}

/** @param {unknown} value */
function shown(value) {
  return value === null ? 'NULL' : String(value);
}

/** @param {Record<string, unknown>} row */
function fields(row) {
  const words = Object.entries(row).map(([name, value]) => `${name}=${shown(value)}`);
  return words
    .map((word) => word.padEnd(FIELD_WIDTH))
    .join('  ')
    .trimEnd();
}

/**
 * The key and the columns that an update changed.
 * @param {any} change
 * @param {Record<string, unknown>} before the row as earlier changes told it
 */
function updated(change, before) {
  const changed = Object.entries(change.new).filter(([name, value]) => value !== before[name]);
  const words = changed.map(([name, value]) => `${name} ${shown(before[name])} -> ${shown(value)}`);
  return [fields(change.key).padEnd(FIELD_WIDTH), ...words].join('  ');
}

/**
 * One line for a change; nothing for a begin or a relation.
 * @param {any} change
 * @param {Map<number, any>} mirror the table before the change
 */
export function printChange(change, mirror) {
  const lsn = (change.endLsn ?? change.lsn ?? '').padEnd(LSN_WIDTH);
  if (change.kind === 'commit') {
    const line = `${lsn}  ${'commit'.padEnd(KIND_WIDTH)}  xid ${change.xid}`;
    process.stdout.write(`${paint(line, COLOURS.commit)}\n`);
    return;
  }
  /** @type {Record<string, () => string>} */
  const detail = {
    insert: () => fields(change.new),
    update: () => updated(change, mirror.get(change.key.id)),
    delete: () => fields(change.key),
  };
  const describe = detail[change.kind];
  if (!describe) return;
  const colour = COLOURS[/** @type {'insert'} */ (change.kind)];
  const kind = paint(change.kind.padEnd(KIND_WIDTH), colour);
  process.stdout.write(`${lsn}  ${kind}  ${change.table}  ${describe()}\n`);
}

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${paint(`-- ${text}`, 36)}\n`);
}

/**
 * @param {object} result
 * @param {import('./workload.js').Counts} result.streamed
 * @param {number} result.bytes
 * @param {number} result.seconds
 */
export function printSummary({ streamed, bytes, seconds }) {
  const rows = streamed.insert + streamed.update + streamed.delete;
  say('summary');
  const lines = [
    [
      'rows',
      `${rows} (${streamed.insert} inserted, ${streamed.update} updated, ${streamed.delete} deleted)`,
    ],
    ['transactions', String(streamed.transactions)],
    ['bytes', String(bytes)],
    ['seconds', seconds.toFixed(1)],
  ];
  for (const [name, value] of lines) process.stdout.write(`   ${name.padEnd(14)}${value}\n`);
}
