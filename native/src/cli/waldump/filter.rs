//! Which records are wanted.

use walscope_core::wal::{Block, Fork, Record, RmgrId};
use walscope_core::{RelFileLocator, Xid};

/// What a record must be; an empty filter lets all pass.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Of one of these resource managers; none: of any.
    pub(super) rmgrs: Vec<RmgrId>,
    pub(super) xid: Option<Xid>,
    pub(super) relation: Option<RelFileLocator>,
    pub(super) block: Option<u32>,
    pub(super) fork: Option<Fork>,
    /// With a page image.
    pub(super) fullpage: bool,
}

impl Filter {
    /// Whether a record is wanted.
    pub(super) fn matches(&self, record: &Record<'_>) -> bool {
        (self.rmgrs.is_empty() || self.rmgrs.contains(&record.rmgr()))
            && self.xid.is_none_or(|xid| xid == record.xid())
            && (!self.looks_at_blocks() || record.blocks().any(|block| self.matches_block(&block)))
            && (!self.fullpage || record.blocks().any(|block| block.image().is_some()))
    }

    /// Whether every record is wanted.
    pub(super) fn takes_all(&self) -> bool {
        self.rmgrs.is_empty() && self.xid.is_none() && !self.looks_at_blocks() && !self.fullpage
    }

    const fn looks_at_blocks(&self) -> bool {
        self.relation.is_some() || self.fork.is_some()
    }

    fn matches_block(&self, block: &Block<'_>) -> bool {
        self.relation.is_none_or(|relation| relation == block.locator())
            && self.fork.is_none_or(|fork| fork == block.fork())
            && self.block.is_none_or(|number| number == block.number())
    }
}
