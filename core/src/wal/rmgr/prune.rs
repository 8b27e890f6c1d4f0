//! What Heap2 says of pages that were cleaned up and rows that were frozen (`heapdesc.c`).

use super::list::{Item, List};
use super::text::Text;
use crate::types::Xid;
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// A line pointer that now leads to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// The line pointer.
    pub from: u16,
    /// Where it leads.
    pub to: u16,
}

impl Item for Redirection {
    const SIZE: usize = 4;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        Some(Self { from: fields.u16()?, to: fields.u16()? })
    }
}

/// How rows are frozen: `xlhp_freeze_plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreezePlan {
    /// Their `xmax` from now on.
    pub xmax: Xid,
    /// Their `infomask2`.
    pub infomask2: u16,
    /// Their `infomask`.
    pub infomask: u16,
    /// What becomes of `xvac`.
    pub flags: u8,
    /// How many rows.
    pub count: u16,
}

impl Item for FreezePlan {
    const SIZE: usize = 12;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let (xmax, infomask2, infomask) = (fields.xid()?, fields.u16()?, fields.u16()?);
        let flags = fields.u8()?;
        Some(Self { xmax, infomask2, infomask, flags, count: Cursor::at(bytes, 10).u16()? })
    }
}

/// Plans, and the line pointers that they are for, one plan's behind the other's.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreezePlans<'a> {
    /// The plans.
    pub plans: List<'a, FreezePlan>,
    /// The line pointers.
    pub offsets: List<'a, u16>,
}

impl FreezePlans<'_> {
    fn write(&self, text: &mut Text<'_>) {
        let mut offsets = self.offsets.iter();
        text.array(self.plans.iter(), |text, plan| {
            // PostgreSQL has the masks in this order.
            text.str("{ xmax: ").number(plan.xmax.0);
            text.str(", infomask: ").number(plan.infomask);
            text.str(", infomask2: ").number(plan.infomask2);
            text.str(", ntuples: ").number(plan.count);
            let own = offsets.by_ref().take(plan.count.into());
            text.str(", offsets:").numbers(own).str(" }");
        });
    }
}

fn write_redirections(text: &mut Text<'_>, redirections: List<'_, Redirection>) {
    text.array(redirections.iter(), |text, redirection| {
        text.number(redirection.from).str("->").number(redirection.to);
    });
}

/// The line pointers that a page's cleaning up was about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pruned<'a> {
    /// Those that lead to others now.
    pub redirected: List<'a, Redirection>,
    /// Those that are dead, but that indexes still know.
    pub dead: List<'a, u16>,
    /// Those that are free.
    pub unused: List<'a, u16>,
}

/// Dead rows of a page went; up to PostgreSQL 16.
#[derive(Clone, Copy, Debug)]
pub struct OldPrune<'a> {
    /// Snapshots of standbys up to this transaction are in the way.
    pub snapshot_conflict_horizon: Xid,
    /// How many line pointers lead to others now.
    pub redirected: u16,
    /// How many are dead.
    pub dead: u16,
    /// Whether the table is a catalog; since PostgreSQL 16.
    pub is_catalog: bool,
    /// The line pointers; `None` where a page image stands for them.
    pub items: Option<Pruned<'a>>,
}

impl<'a> OldPrune<'a> {
    pub(super) fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        let snapshot_conflict_horizon = fields.xid()?;
        let (redirected, dead) = (fields.u16()?, fields.u16()?);
        let is_catalog = record.version() >= Version::V16 && fields.bool()?;
        let items = record.block_data(0).and_then(|data| {
            let mut items = Cursor::new(data);
            Some(Pruned {
                redirected: List::take(&mut items, redirected.into())?,
                dead: List::take(&mut items, dead.into())?,
                unused: List::all(items.rest()),
            })
        });
        Some(Self { snapshot_conflict_horizon, redirected, dead, is_catalog, items })
    }

    pub(super) fn write(&self, text: &mut Text<'_>) {
        let (xid, redirected, dead) =
            (self.snapshot_conflict_horizon.0, self.redirected, self.dead);
        if !text.since(Version::V16) {
            text.str("latestRemovedXid ").number(xid);
            text.str(" nredirected ").number(redirected).str(" ndead ").number(dead);
            return;
        }
        text.str("snapshotConflictHorizon: ").number(xid);
        text.str(", nredirected: ").number(redirected).str(", ndead: ").number(dead);
        if let Some(items) = self.items {
            text.str(", nunused: ").number(items.unused.len() as u64).str(", redirected:");
            write_redirections(text, items.redirected);
            text.str(", dead:").numbers(items.dead.iter());
            text.str(", unused:").numbers(items.unused.iter());
        }
    }
}

/// Rows whose transactions are forgotten; up to PostgreSQL 16.
#[derive(Clone, Copy, Debug)]
pub struct FreezePage<'a> {
    /// Snapshots of standbys up to this transaction are in the way. Before PostgreSQL 16: transactions
    /// before this one are forgotten.
    pub snapshot_conflict_horizon: Xid,
    /// How many plans there are; before PostgreSQL 16, how many rows.
    pub count: u16,
    /// The plans; `None` where a page image stands for them, and before PostgreSQL 16.
    pub plans: Option<FreezePlans<'a>>,
}

impl<'a> FreezePage<'a> {
    pub(super) fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        let (snapshot_conflict_horizon, count) = (fields.xid()?, fields.u16()?);
        let data = record.block_data(0).filter(|_| record.version() >= Version::V16);
        let plans = data.and_then(|data| {
            let mut items = Cursor::new(data);
            let plans = List::take(&mut items, count.into())?;
            Some(FreezePlans { plans, offsets: List::all(items.rest()) })
        });
        Some(Self { snapshot_conflict_horizon, count, plans })
    }

    pub(super) fn write(&self, text: &mut Text<'_>) {
        let (xid, count) = (self.snapshot_conflict_horizon.0, self.count);
        if !text.since(Version::V16) {
            text.str("cutoff xid ").number(xid).str(" ntuples ").number(count);
            return;
        }
        text.str("snapshotConflictHorizon: ").number(xid).str(", nplans: ").number(count);
        if let Some(plans) = self.plans {
            text.str(", plans:");
            plans.write(text);
        }
    }
}

/// Flags of [`Prune`].
mod flag {
    pub(super) const CATALOG: u8 = 0x02;
    pub(super) const CONFLICT_HORIZON: u8 = 0x08;
    pub(super) const FREEZE_PLANS: u8 = 0x10;
    pub(super) const REDIRECTIONS: u8 = 0x20;
    pub(super) const DEAD: u8 = 0x40;
    pub(super) const UNUSED: u8 = 0x80;
}

/// A page was cleaned up, and rows of it frozen; since PostgreSQL 17.
#[derive(Clone, Copy, Debug)]
pub struct Prune<'a> {
    /// `xl_heap_prune.reason`
    pub reason: u8,
    /// `xl_heap_prune.flags`
    pub flags: u8,
    /// Snapshots of standbys up to this transaction are in the way.
    pub snapshot_conflict_horizon: Option<Xid>,
    /// The plans and line pointers; `None` where a page image stands for them.
    pub items: Option<(FreezePlans<'a>, Pruned<'a>)>,
}

impl<'a> Prune<'a> {
    pub(super) fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        let (reason, flags) = (fields.u8()?, fields.u8()?);
        let mut snapshot_conflict_horizon = None;
        if flags & flag::CONFLICT_HORIZON != 0 {
            snapshot_conflict_horizon = Some(fields.xid()?);
        }
        let items = record.block_data(0).and_then(|data| Self::items(data, flags));
        Some(Self { reason, flags, snapshot_conflict_horizon, items })
    }

    fn items(data: &'a [u8], flags: u8) -> Option<(FreezePlans<'a>, Pruned<'a>)> {
        let mut fields = Cursor::new(data);
        let (mut plans, mut pruned) = (FreezePlans::default(), Pruned::default());
        if flags & flag::FREEZE_PLANS != 0 {
            let (count, _padding) = (fields.u16()?, fields.u16()?);
            plans.plans = List::take(&mut fields, count.into())?;
        }
        if flags & flag::REDIRECTIONS != 0 {
            let count = fields.u16()?;
            pruned.redirected = List::take(&mut fields, count.into())?;
        }
        if flags & flag::DEAD != 0 {
            let count = fields.u16()?;
            pruned.dead = List::take(&mut fields, count.into())?;
        }
        if flags & flag::UNUSED != 0 {
            let count = fields.u16()?;
            pruned.unused = List::take(&mut fields, count.into())?;
        }
        plans.offsets = List::all(fields.rest());
        Some((plans, pruned))
    }

    pub(super) fn write(&self, text: &mut Text<'_>) {
        if let Some(xid) = self.snapshot_conflict_horizon {
            text.str("snapshotConflictHorizon: ").number(xid.0);
        }
        // Without a horizon the text begins with this comma.
        text.str(", isCatalogRel: ").truth(self.flags & flag::CATALOG != 0);
        let Some((plans, items)) = self.items else { return };
        text.str(", nplans: ").number(plans.plans.len() as u64);
        text.str(", nredirected: ").number(items.redirected.len() as u64);
        text.str(", ndead: ").number(items.dead.len() as u64);
        text.str(", nunused: ").number(items.unused.len() as u64);
        if !plans.plans.is_empty() {
            text.str(", plans:");
            plans.write(text);
        }
        if !items.redirected.is_empty() {
            text.str(", redirected:");
            write_redirections(text, items.redirected);
        }
        if !items.dead.is_empty() {
            text.str(", dead:").numbers(items.dead.iter());
        }
        if !items.unused.is_empty() {
            text.str(", unused:").numbers(items.unused.iter());
        }
    }
}
