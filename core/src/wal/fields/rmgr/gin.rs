//! Gin: see `ginxlog.h`.

use super::index_tuple;
use crate::wal::Record;
use crate::wal::fields::walk::Walk;
use crate::wal::rmgr::gin::flag;

const FLAGS: &[(u32, &str)] = &[
    (flag::IS_DATA as u32, "ISDATA"),
    (flag::IS_LEAF as u32, "ISLEAF"),
    (flag::SPLIT_ROOT as u32, "SPLIT_ROOT"),
];

/// `GIN_SEGMENT_*`
const fn action(action: u8) -> Option<&'static str> {
    match action {
        0 => Some("UNMODIFIED"),
        1 => Some("DELETE"),
        2 => Some("INSERT"),
        3 => Some("REPLACE"),
        4 => Some("ADDITEMS"),
        _ => None,
    }
}

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x10 => {
            let size = walk.u32("size")?;
            walk.opaque("postingList", usize::try_from(size).ok()?)?;
        }
        0x20 => {
            let flags = walk.flags16("flags", FLAGS)?;
            if flags & flag::IS_LEAF == 0 {
                walk.block_id("leftChild")?;
                walk.block_id("rightChild")?;
            }
        }
        0x30 => {
            walk.locator("relation")?;
            walk.u32("rightLink")?;
            walk.u32("leftChild")?;
            walk.u32("rightChild")?;
            walk.flags16("flags", FLAGS)?;
            walk.align(4)?;
        }
        0x50 => {
            walk.u16("parentOffset")?;
            walk.to(4)?;
            walk.u32("rightLink")?;
            walk.u32("deleteXid")?;
        }
        0x60 => {
            walk.locator("relation")?;
            walk.to(16)?;
            walk.group("metadata", metadata)?;
            walk.u32("previousTail")?;
            walk.u32("newRightLink")?;
            walk.i32("tupleCount")?;
            walk.align(8)?;
        }
        0x70 => {
            walk.u32("rightLink")?;
            walk.i32("tupleCount")?;
        }
        0x80 => {
            walk.group("metadata", metadata)?;
            walk.i32("deletedCount")?;
            walk.align(8)?;
        }
        _ => {}
    }
    Some(())
}

/// `GinMetaPageData`
fn metadata(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("head")?;
    walk.u32("tail")?;
    walk.u32("tailFreeSize")?;
    walk.u32("pendingPages")?;
    walk.i64("pendingHeapTuples")?;
    walk.u32("totalPages")?;
    walk.u32("entryPages")?;
    walk.u32("dataPages")?;
    walk.align(8)?;
    walk.i64("entries")?;
    walk.i32("version")?;
    walk.align(8)
}

pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match (record.info(), block) {
        (0x20, 0) => {
            let [low, high, ..] = *record.main_data() else { return None };
            inserted(walk, u16::from_le_bytes([low, high]))
        }
        (0x90, 0) => segments(walk),
        _ => Some(()),
    }
}

fn inserted(walk: &mut Walk<'_>, flags: u16) -> Option<()> {
    if flags & flag::IS_DATA == 0 {
        walk.u16("offset")?;
        walk.bool("isDelete")?;
        walk.to(4)?;
        return index_tuple(walk);
    }
    if flags & flag::IS_LEAF != 0 {
        return segments(walk);
    }
    walk.u16("offset")?;
    walk.group("postingItem", |walk| {
        walk.block_id("child")?;
        walk.tid("key")
    })
}

/// `ginxlogRecompressDataLeaf`
fn segments(walk: &mut Walk<'_>) -> Option<()> {
    let count = walk.u16("actionCount")?;
    walk.list("actions", count.into(), |walk| {
        walk.u8("segment")?;
        match walk.named8("action", action)? {
            1 => Some(()),
            2 | 3 => posting_list(walk),
            4 => {
                const ITEM: usize = 6;
                let count = walk.u16("itemCount")?;
                walk.opaque("items", ITEM.checked_mul(count.into())?)
            }
            // Nothing can be read behind it.
            _ => None,
        }
    })
}

/// `GinPostingList`, of an even length.
fn posting_list(walk: &mut Walk<'_>) -> Option<()> {
    walk.group("postingList", |walk| {
        walk.tid("first")?;
        let length = walk.u16("length")?;
        walk.opaque("bytes", length.into())?;
        let odd = usize::from(length % 2);
        walk.to(walk.offset().checked_add(odd)?)
    })
}
