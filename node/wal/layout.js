/**
 * The layout of the table that core writes over a chunk of the log. `core/src/wal/index/` is the other
 * side of this file; the numbers must agree.
 *
 * Every offset counts from the start of the chunk, behind which core's own bytes come. A 64-bit number
 * takes two words, the low one first.
 */

/** The version of this layout; a table of another version is refused. */
export const LAYOUT_VERSION = 1;

/** Words of the header. */
export const HEADER = Object.freeze({
  LAYOUT: 0,
  ENTRIES: 1,
  RECEIVED: 2,
  VERSION: 3,
  START: 4,
  END: 6,
  SEGMENT_SIZE: 8,
  TIMELINE: 9,
  PENDING: 10,
  OVERWRITTEN: 12,
  DONE: 14,
  PARTIAL_PAGE: 15,
  LENGTH: 16,
});

/** Words of an entry; those of an error that lie elsewhere are below. */
export const ENTRY = Object.freeze({
  KIND: 0,
  XID: 1,
  LSN: 2,
  END: 4,
  PREV: 6,
  SIZE: 8,
  OFFSET: 9,
  MAIN_DATA: 10,
  IMAGES: 11,
  TIMELINE: 12,
  TOPLEVEL_XID: 13,
  ORIGIN: 14,
  TABLESPACE: 15,
  DATABASE: 16,
  RELATION: 17,
  BLOCK: 18,
  FORK: 19,
  LENGTH: 20,
});

/** Words of an error: the record that is wrong, and the last one that was right. */
export const ERROR_RECORD = 4;
export const ERROR_LAST_RECORD = 6;

/** The kind of an entry is the low byte of its first word; the others depend on it. */
export const KIND_RECORD = 0;
export const KIND_ERROR = 1;

/** Words of a block reference. */
export const BLOCK = Object.freeze({
  ID: 0,
  FORK: 1,
  FLAGS: 2,
  TABLESPACE: 3,
  DATABASE: 4,
  RELATION: 5,
  NUMBER: 6,
  DATA_OFFSET: 7,
  DATA_LENGTH: 8,
  IMAGE_OFFSET: 9,
  IMAGE_LENGTH: 10,
  HOLE_OFFSET: 11,
  HOLE_LENGTH: 12,
  COMPRESSION: 13,
  IMAGE_INFO: 14,
  APPLY: 15,
  LENGTH: 16,
});

/** Flag of a block reference: redo makes the page anew. */
export const FLAG_WILL_INIT = 0x40;

/** The names of forks, by their numbers. */
export const FORKS = Object.freeze(['main', 'fsm', 'vm', 'init']);

/** How page images are compressed, by core's numbers. */
export const COMPRESSIONS = Object.freeze([null, 'pglz', 'lz4', 'zstd']);
