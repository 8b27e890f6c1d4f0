//! Heap: see `heapam_xlog.h`.

use super::invalidation;
use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::heap::{INIT_PAGE, KIND};
use crate::wal::{Record, Version};

/// `XLH_INSERT_*`, which several kinds of records have.
pub(super) const INSERT_FLAGS: &[(u32, &str)] = &[
    (0x01, "ALL_VISIBLE_CLEARED"),
    (0x02, "LAST_IN_MULTI"),
    (0x04, "IS_SPECULATIVE"),
    (0x08, "CONTAINS_NEW_TUPLE"),
    (0x10, "ON_TOAST_RELATION"),
    (0x20, "ALL_FROZEN_SET"),
];

/// `XLH_DELETE_*`
const DELETE_FLAGS: &[(u32, &str)] = &[
    (0x01, "ALL_VISIBLE_CLEARED"),
    (0x02, "CONTAINS_OLD_TUPLE"),
    (0x04, "CONTAINS_OLD_KEY"),
    (0x08, "IS_SUPER"),
    (0x10, "IS_PARTITION_MOVE"),
];

/// `XLH_UPDATE_*`
const UPDATE_FLAGS: &[(u32, &str)] = &[
    (0x01, "OLD_ALL_VISIBLE_CLEARED"),
    (0x02, "NEW_ALL_VISIBLE_CLEARED"),
    (0x04, "CONTAINS_OLD_TUPLE"),
    (0x08, "CONTAINS_OLD_KEY"),
    (0x10, "CONTAINS_NEW_TUPLE"),
    (0x20, "PREFIX_FROM_OLD"),
    (0x40, "SUFFIX_FROM_OLD"),
];

const PREFIX_FROM_OLD: u8 = 0x20;
const SUFFIX_FROM_OLD: u8 = 0x40;
const DELETE_CONTAINS_OLD: u8 = 0x02 | 0x04;
const UPDATE_CONTAINS_OLD: u8 = 0x04 | 0x08;

/// `XLH_TRUNCATE_*`
const TRUNCATE_FLAGS: &[(u32, &str)] = &[(0x01, "CASCADE"), (0x02, "RESTART_SEQS")];

/// `XLH_LOCK_*`
pub(super) const LOCK_FLAGS: &[(u32, &str)] = &[(0x01, "ALL_FROZEN_CLEARED")];

/// `XLHL_*`
pub(super) const INFOBITS: &[(u32, &str)] = &[
    (0x01, "IS_MULTI"),
    (0x02, "LOCK_ONLY"),
    (0x04, "EXCL_LOCK"),
    (0x08, "KEYSHR_LOCK"),
    (0x10, "KEYS_UPDATED"),
];

/// `t_infomask` (`htup_details.h`).
pub(super) const INFOMASK: &[(u32, &str)] = &[
    (0x0001, "HASNULL"),
    (0x0002, "HASVARWIDTH"),
    (0x0004, "HASEXTERNAL"),
    (0x0010, "XMAX_KEYSHR_LOCK"),
    (0x0020, "COMBOCID"),
    (0x0040, "XMAX_EXCL_LOCK"),
    (0x0080, "XMAX_LOCK_ONLY"),
    (0x0100, "XMIN_COMMITTED"),
    (0x0200, "XMIN_INVALID"),
    (0x0400, "XMAX_COMMITTED"),
    (0x0800, "XMAX_INVALID"),
    (0x1000, "XMAX_IS_MULTI"),
    (0x2000, "UPDATED"),
    (0x4000, "MOVED_OFF"),
    (0x8000, "MOVED_IN"),
];

/// How long the bytes before the null bitmap are, which records leave out.
const TUPLE_HEADER: usize = 23;

const HASNULL: u16 = 0x0001;
const NATTS: u16 = 0x07FF;

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() & KIND {
        0x00 => {
            walk.u16("offset")?;
            walk.flags8("flags", INSERT_FLAGS)?;
        }
        0x10 => {
            let flags = row_lock(walk, DELETE_FLAGS)?;
            if flags & DELETE_CONTAINS_OLD != 0 {
                walk.group("oldTuple", tuple)?;
            }
        }
        0x20 | 0x40 => {
            walk.u32("oldXmax")?;
            walk.u16("oldOffset")?;
            walk.flags8("oldInfobits", INFOBITS)?;
            let flags = walk.flags8("flags", UPDATE_FLAGS)?;
            walk.u32("newXmax")?;
            walk.u16("newOffset")?;
            if flags & UPDATE_CONTAINS_OLD != 0 {
                walk.group("oldTuple", tuple)?;
            }
        }
        0x30 => {
            walk.oid("database")?;
            let count = walk.count("count")?;
            walk.flags8("flags", TRUNCATE_FLAGS)?;
            walk.to(12)?;
            walk.numbers32("relations", count)?;
        }
        0x50 => _ = walk.u16("offset")?,
        0x60 => _ = row_lock(walk, LOCK_FLAGS)?,
        _ => {
            walk.u16("offset")?;
            if walk.version >= Version::V18 {
                walk.to(4)?;
                walk.oid("database")?;
                walk.oid("tablespace")?;
                walk.bool("relcacheInitFileInvalid")?;
                walk.to(16)?;
                invalidation::messages(walk)?;
            }
        }
    }
    Some(())
}

/// Who deletes or locks which row. Gives the flags.
pub(super) fn row_lock(walk: &mut Walk<'_>, names: &'static [(u32, &'static str)]) -> Option<u8> {
    walk.u32("xmax")?;
    walk.u16("offset")?;
    walk.flags8("infobits", INFOBITS)?;
    walk.flags8("flags", names)
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match (record.info() & KIND, block) {
        (0x00, 0) => walk.group("tuple", tuple),
        (0x20 | 0x40, 0) => {
            let flags = record.main_data().get(7).copied()?;
            if flags & PREFIX_FROM_OLD != 0 {
                walk.u16("prefixLength")?;
            }
            if flags & SUFFIX_FROM_OLD != 0 {
                walk.u16("suffixLength")?;
            }
            walk.group("tuple", tuple)
        }
        (0x70, 0) => walk.opaque_rest("attributes"),
        _ => Some(()),
    }
}

/// Whether the record's page is a new one.
pub(super) fn is_init(record: &Record<'_>) -> bool {
    record.info() & INIT_PAGE != 0
}

/// `xl_heap_header`, and what follows it to the end of the part: a row from its null bitmap on.
fn tuple(walk: &mut Walk<'_>) -> Option<()> {
    let length = walk.rest().len().checked_sub(5)?;
    row(walk, length)
}

/// The header of a row as records have it, and `length` bytes of the row behind it.
pub(super) fn row(walk: &mut Walk<'_>, length: usize) -> Option<()> {
    let infomask2 = walk.u16("infomask2")?;
    let infomask = walk.flags16("infomask", INFOMASK)?;
    let header = usize::from(walk.u8("hoff")?);
    let end = walk.offset().checked_add(length)?;
    let attributes = usize::from(infomask2 & NATTS);
    let begin = walk.offset().checked_add(header.checked_sub(TUPLE_HEADER)?)?;
    if infomask & HASNULL != 0 {
        walk.opaque("nullBitmap", attributes.div_ceil(8))?;
    }
    walk.to(begin.min(end))?;
    match end.saturating_sub(walk.offset()) {
        0 => Some(()),
        length => walk.opaque("attributes", length),
    }
}
