/**
 * The layout of a batch's index: the table of 32-bit integers that core writes over the bytes of
 * many messages. `core/src/index/` is the other side of this file; the numbers must agree.
 *
 * Every offset counts from the start of the batch's bytes. A 64-bit number takes two words, the low
 * one first. A string is two words, offset and length; a length of -1 means that it is absent.
 */

/** The version of this layout; a batch of another version is refused. */
export const LAYOUT_VERSION = 5;

/** Words of the header. */
export const HEADER = Object.freeze({
  VERSION: 0,
  WORDS: 1,
  RECORDS: 2,
  RECEIVED: 3,
  ITEMS_BEFORE: 4,
  POSITION: 6,
  /** The word of the first relation, head or error; 0 where there is none. */
  TOLD: 8,
  LENGTH: 9,
});

/** Words that every record begins with; the words of its kind follow at `BODY`. */
export const RECORD = Object.freeze({
  KIND: 0,
  LENGTH: 1,
  OFFSET: 2,
  SIZE: 3,
  LSN: 4,
  XID: 6,
  ITEMS: 7,
  BODY: 8,
});

/** The kind sits in the low eight bits of a record's first word, the flags above it. */
export const KIND_MASK = 0xff;
export const FLAG_SHIFT = 8;

/** Flag of a `CONTEXT` record: the transaction was prepared, its LSN is that of the PREPARE. */
export const FLAG_PREPARED = 1;
/** Flag of a `RELATION` record: it is new, or differs from the last one of its name. */
export const FLAG_NEW_RELATION = 1;
/** Flag of a row's record: some of its texts are not in the message but behind what was received. */
export const FLAG_OWN_TEXTS = 1;
/** Flag of a `MESSAGE` record: the message belongs to its transaction. */
export const FLAG_TRANSACTIONAL = 1;
/** Flag of a `STREAM_ABORT` record: it carries the abort's LSN and time. */
export const FLAG_ABORT_POSITION = 1;

/** Kinds of records, as the ASCII codes of the letters in the comments. */
export const KIND = Object.freeze({
  CONTEXT: 0x40, // '@'
  HEAD: 0x23, // '#'
  ERROR: 0x21, // '!'
  BEGIN: 0x42, // 'B'
  COMMIT: 0x43, // 'C'
  INSERT: 0x49, // 'I'
  UPDATE: 0x55, // 'U'
  DELETE: 0x44, // 'D'
  TRUNCATE: 0x54, // 'T'
  MESSAGE: 0x4d, // 'M'
  RELATION: 0x52, // 'R'
  PREPARE: 0x50, // 'P'
  COMMIT_PREPARED: 0x4b, // 'K'
  ROLLBACK_PREPARED: 0x72, // 'r'
  ORIGIN: 0x4f, // 'O'
  TYPE: 0x59, // 'Y'
  BEGIN_PREPARE: 0x62, // 'b'
  STREAM_START: 0x53, // 'S'
  STREAM_STOP: 0x45, // 'E'
  STREAM_COMMIT: 0x63, // 'c'
  STREAM_PREPARE: 0x70, // 'p'
  STREAM_ABORT: 0x41, // 'A'
  KEEPALIVE: 0x6b, // 'k'
});

/** Words of insert, update and delete records. */
export const ROW = Object.freeze({
  SEQ: 8,
  RELATION: 9,
  OLD_KIND: 10,
  OLD_COLUMNS: 11,
  NEW_COLUMNS: 12,
  COLUMNS: 13,
});

/** What the old tuple of a row record holds, as ASCII codes; 0 is no old tuple. */
export const OLD_KEY = 0x4b; // 'K'
export const OLD_FULL = 0x4f; // 'O'

/** Words of a relation record: the JSON of what changed, and the columns. */
export const RELATION_CHANGED = 15;
export const RELATION_COLUMNS = 18;
/** Words of a column in it. */
export const RELATION_COLUMN_WORDS = 9;
export const COLUMN_IS_KEY = 1;

/** Word of an error record with the kind's number; that of what does not come again as it was. */
export const ERROR_CODE = 12;
export const NOT_RESUMED = 18;
/** That of a WAL segment, which is no recording. */
export const UNSUPPORTED = 15;
/** Words of an error record that is about a value: where its bytes are, their length, the place in them. */
export const ERROR_VALUE = 17;

/** Second word of a column's pair in a row: these, or a length. */
export const NULL_VALUE = -1;
export const UNCHANGED_VALUE = -2;
/** Text with bytes outside ASCII has the length `NON_ASCII - word`. */
export const NON_ASCII = -3;

/** The names that users see. */
export const KIND_NAMES = Object.freeze({
  [KIND.ERROR]: 'error',
  [KIND.BEGIN]: 'begin',
  [KIND.COMMIT]: 'commit',
  [KIND.INSERT]: 'insert',
  [KIND.UPDATE]: 'update',
  [KIND.DELETE]: 'delete',
  [KIND.TRUNCATE]: 'truncate',
  [KIND.MESSAGE]: 'message',
  [KIND.RELATION]: 'relation',
  [KIND.PREPARE]: 'prepare',
  [KIND.COMMIT_PREPARED]: 'commitPrepared',
  [KIND.ROLLBACK_PREPARED]: 'rollbackPrepared',
  [KIND.ORIGIN]: 'origin',
  [KIND.TYPE]: 'type',
  [KIND.BEGIN_PREPARE]: 'beginPrepare',
  [KIND.STREAM_START]: 'streamStart',
  [KIND.STREAM_STOP]: 'streamStop',
  [KIND.STREAM_COMMIT]: 'streamCommit',
  [KIND.STREAM_PREPARE]: 'streamPrepare',
  [KIND.STREAM_ABORT]: 'streamAbort',
  [KIND.KEEPALIVE]: 'keepalive',
});

/** The names of a table's replica identity, by the ASCII code that the server sends. */
export const REPLICA_IDENTITY = Object.freeze({
  0x64: 'default', // 'd'
  0x6e: 'nothing', // 'n'
  0x66: 'full', // 'f'
  0x69: 'index', // 'i'
});

/**
 * Whether a record is of a row: these have columns.
 *
 * @param {number} kind
 * @returns {boolean}
 */
export function isRow(kind) {
  return kind === KIND.INSERT || kind === KIND.UPDATE || kind === KIND.DELETE;
}
