//! SPGist: see `spgxlog.h`.

use crate::wal::fields::walk::Walk;
use crate::wal::{Record, Version};

pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.info() {
        0x10 => {
            walk.bool("isNewPage")?;
            walk.bool("storesNulls")?;
            walk.u16("offset")?;
            walk.u16("headOffset")?;
            parent(walk)?;
            walk.opaque_rest("leafTuple")
        }
        0x20 => move_leafs(walk),
        0x30 => {
            walk.u16("offset")?;
            walk.u16("newOffset")?;
            walk.bool("isNewPage")?;
            walk.i8("parentBlock")?;
            parent(walk)?;
            state(walk)?;
            walk.opaque_rest("innerTuple")
        }
        0x40 => {
            walk.u16("prefixOffset")?;
            walk.u16("postfixOffset")?;
            walk.bool("isNewPage")?;
            walk.bool("isSamePage")?;
            walk.opaque_rest("tuples")
        }
        0x50 => pick_split(walk),
        0x60 => vacuum_leaf(walk),
        0x70 => {
            let count = walk.u16("deletedCount")?;
            state(walk)?;
            walk.numbers16("deleted", count.into())
        }
        0x80 => {
            let count = walk.u16("toPlaceholderCount")?;
            walk.u16("firstPlaceholder")?;
            walk.u32("snapshotConflictHorizon")?;
            if walk.version >= Version::V16 {
                walk.bool("isCatalogRel")?;
                walk.align(2)?;
            }
            walk.numbers16("offsets", count.into())
        }
        _ => Some(()),
    }
}

/// What leads to the rows.
fn parent(walk: &mut Walk<'_>) -> Option<()> {
    walk.u16("parentOffset")?;
    walk.u16("node").map(|_| ())
}

/// `spgxlogState`
fn state(walk: &mut Walk<'_>) -> Option<()> {
    walk.align(4)?;
    walk.u32("redirectXid")?;
    walk.bool("isBuild")?;
    walk.align(4)
}

fn move_leafs(walk: &mut Walk<'_>) -> Option<()> {
    let count = usize::from(walk.u16("moveCount")?);
    walk.bool("isNewPage")?;
    let replaces_dead = walk.bool("replacesDead")?;
    walk.bool("storesNulls")?;
    walk.align(2)?;
    parent(walk)?;
    state(walk)?;
    walk.numbers16("deleted", count)?;
    walk.numbers16("inserted", if replaces_dead { 1 } else { count.saturating_add(1) })?;
    walk.opaque_rest("leafTuples")
}

fn pick_split(walk: &mut Walk<'_>) -> Option<()> {
    walk.bool("isRootSplit")?;
    walk.align(2)?;
    let (deleted, inserted) = (walk.u16("deletedCount")?, walk.u16("insertedCount")?);
    walk.bool("initSource")?;
    walk.bool("initDestination")?;
    walk.u16("innerOffset")?;
    walk.bool("initInner")?;
    walk.bool("storesNulls")?;
    walk.bool("innerIsParent")?;
    walk.align(2)?;
    parent(walk)?;
    state(walk)?;
    walk.numbers16("deleted", deleted.into())?;
    walk.numbers16("inserted", inserted.into())?;
    walk.opaque("leafPageSelect", inserted.into())?;
    walk.opaque_rest("tuples")
}

fn vacuum_leaf(walk: &mut Walk<'_>) -> Option<()> {
    let (dead, placeholders) = (walk.u16("deadCount")?, walk.u16("placeholderCount")?);
    let (moved, chained) = (walk.u16("movedCount")?, walk.u16("chainedCount")?);
    state(walk)?;
    for (name, count) in [
        ("dead", dead),
        ("placeholders", placeholders),
        ("moveSources", moved),
        ("moveDestinations", moved),
        ("chainSources", chained),
        ("chainDestinations", chained),
    ] {
        walk.numbers16(name, count.into())?;
    }
    Some(())
}
