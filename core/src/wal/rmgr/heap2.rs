//! Heap2: what did not fit into Heap (`heapdesc.c`).

use super::heap::{INIT_PAGE, KIND, RowLock};
use super::list::List;
use super::prune::{FreezePage, OldPrune, Prune};
use super::text::Text;
use crate::types::{RelFileLocator, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Heap2 says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Heap2<'a> {
    /// A table is written anew while logical decoding goes on.
    Rewrite,
    /// Dead rows of a page went; up to PostgreSQL 16.
    OldPrune(OldPrune<'a>),
    /// Line pointers that no index knows any more are free; up to PostgreSQL 16.
    Vacuum {
        /// How many.
        count: u16,
        /// Which; `None` where a page image stands for them.
        unused: Option<List<'a, u16>>,
    },
    /// Rows whose transactions are forgotten; up to PostgreSQL 16.
    FreezePage(FreezePage<'a>),
    /// All of these three; since PostgreSQL 17.
    Prune(Prune<'a>),
    /// All rows of a page can be seen by everybody.
    Visible {
        /// Snapshots of standbys up to this transaction are in the way.
        snapshot_conflict_horizon: Xid,
        /// Bits of the visibility map.
        flags: u8,
    },
    /// Several rows came.
    MultiInsert {
        /// `xl_heap_multi_insert.flags`
        flags: u8,
        /// How many.
        count: u16,
        /// Their line pointers; `None`: 1 and those behind it, or a page image stands for them.
        offsets: Option<List<'a, u16>>,
    },
    /// A row was locked that another one has replaced.
    LockUpdated(RowLock),
    /// A row of a catalog, for logical decoding.
    NewCid(NewCid),
}

/// `xl_heap_new_cid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCid {
    /// The transaction, without the one it is part of.
    pub top_xid: Xid,
    /// The command that made the row.
    pub cmin: u32,
    /// The command that removed it.
    pub cmax: u32,
    /// What stands for both in the row.
    pub combo: u32,
    /// The catalog.
    pub locator: RelFileLocator,
    /// The block that the row is in.
    pub block: u32,
    /// Its line pointer.
    pub offset: u16,
}

impl NewCid {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        let (top_xid, cmin, cmax) = (fields.xid()?, fields.u32()?, fields.u32()?);
        let (combo, locator) = (fields.u32()?, fields.locator()?);
        let (high, low) = (fields.u16()?, fields.u16()?);
        let block = u32::from(high) << 16 | u32::from(low);
        Some(Self { top_xid, cmin, cmax, combo, locator, block, offset: fields.u16()? })
    }

    fn write(&self, text: &mut Text<'_>) {
        let newer = text.since(Version::V16);
        text.str(if newer { "rel: " } else { "rel " }).locator(self.locator);
        text.str(if newer { ", tid: " } else { "; tid " }).number(self.block);
        text.str("/").number(self.offset).str(if newer { ", " } else { "; " });
        text.str("cmin: ").number(self.cmin).str(", cmax: ").number(self.cmax);
        text.str(", combo: ").number(self.combo);
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8, version: Version) -> Option<&'static str> {
    let newer = version.major() >= 17;
    Some(match info & 0xF0 {
        0x00 => "REWRITE",
        0x10 if newer => "PRUNE_ON_ACCESS",
        0x20 if newer => "PRUNE_VACUUM_SCAN",
        0x30 if newer => "PRUNE_VACUUM_CLEANUP",
        0x10 => "PRUNE",
        0x20 => "VACUUM",
        0x30 => "FREEZE_PAGE",
        0x40 => "VISIBLE",
        0x50 => "MULTI_INSERT",
        0xD0 => "MULTI_INSERT+INIT",
        0x60 => "LOCK_UPDATED",
        0x70 => "NEW_CID",
        _ => return None,
    })
}

impl<'a> Heap2<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let newer = record.version() >= Version::V17;
        let mut fields = Cursor::new(record.main_data());
        Some(match record.info() & KIND {
            0x00 => Self::Rewrite,
            0x10..=0x30 if newer => Self::Prune(Prune::decode(record)?),
            0x10 => Self::OldPrune(OldPrune::decode(record)?),
            0x20 => {
                let count = fields.u16()?;
                Self::Vacuum { count, unused: vacuumed(record, count.into()) }
            }
            0x30 => Self::FreezePage(FreezePage::decode(record)?),
            0x40 => Self::Visible { snapshot_conflict_horizon: fields.xid()?, flags: fields.u8()? },
            0x50 => {
                let flags = fields.u8()?;
                let mut fields = Cursor::at(record.main_data(), 2);
                let count = fields.u16()?;
                let offsets = if record.info() & INIT_PAGE != 0 || record.block_data(0).is_none() {
                    None
                } else {
                    Some(List::take(&mut fields, count.into())?)
                };
                Self::MultiInsert { flags, count, offsets }
            }
            0x60 => Self::LockUpdated(RowLock::decode(&mut fields)?),
            _ => Self::NewCid(NewCid::decode(&mut fields)?),
        })
    }

    /// `heap2_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        let newer = text.since(Version::V16);
        match self {
            Self::Rewrite => {}
            Self::OldPrune(prune) => prune.write(text),
            Self::Vacuum { count, unused } => {
                text.str(if newer { "nunused: " } else { "nunused " }).number(*count);
                if let Some(unused) = unused.filter(|_| newer) {
                    text.str(", unused:").numbers(unused.iter());
                }
            }
            Self::FreezePage(freeze) => freeze.write(text),
            Self::Prune(prune) => prune.write(text),
            Self::Visible { snapshot_conflict_horizon: xid, flags } => {
                let (first, second) = if newer {
                    ("snapshotConflictHorizon: ", ", flags: 0x")
                } else {
                    ("cutoff xid ", " flags 0x")
                };
                text.str(first).number(xid.0).str(second).hex(*flags, 2);
            }
            Self::MultiInsert { flags, count, .. } if !newer => {
                text.number(*count).str(" tuples flags 0x").hex(*flags, 2);
            }
            Self::MultiInsert { flags, count, offsets } => {
                text.str("ntuples: ").number(*count).str(", flags: 0x").hex(*flags, 2);
                if let Some(offsets) = offsets {
                    text.str(", offsets:").numbers(offsets.iter());
                }
            }
            Self::LockUpdated(row) if newer => row.write(text),
            Self::LockUpdated(row) => {
                text.str("off ").number(row.offset).str(": xmax ").number(row.xmax.0);
                text.str(": flags 0x").hex(row.flags, 2).str(" ");
                row.infobits.write(text);
            }
            Self::NewCid(cid) => cid.write(text),
        }
    }
}

fn vacuumed<'a>(record: &Record<'a>, count: usize) -> Option<List<'a, u16>> {
    List::take(&mut Cursor::new(record.block_data(0)?), count)
}
