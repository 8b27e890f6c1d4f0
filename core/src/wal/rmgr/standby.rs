//! Standby: what a hot standby needs (`standbydesc.c`).

use super::invalidation::Invalidations;
use super::list::{Item, List};
use super::text::Text;
use crate::types::{Oid, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Standby says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Standby<'a> {
    /// Relations are locked that no standby may read meanwhile.
    Lock(List<'a, StandbyLock>),
    /// Transactions that run.
    RunningXacts(RunningXacts<'a>),
    /// Caches that are no longer true, of a transaction without an id.
    Invalidations(Invalidations<'a>),
}

/// `xl_standby_lock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandbyLock {
    /// Who holds it.
    pub xid: Xid,
    /// The database.
    pub database: Oid,
    /// The relation.
    pub relation: Oid,
}

impl Item for StandbyLock {
    const SIZE: usize = 12;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        Some(Self { xid: fields.xid()?, database: fields.oid()?, relation: fields.oid()? })
    }
}

/// `xl_running_xacts`.
#[derive(Clone, Copy, Debug)]
pub struct RunningXacts<'a> {
    /// Whether some subtransactions are not among them.
    pub subxid_overflow: bool,
    /// The next transaction.
    pub next_xid: Xid,
    /// The oldest one that runs.
    pub oldest_running_xid: Xid,
    /// The latest one that has ended.
    pub latest_completed_xid: Xid,
    /// Those that run.
    pub xids: List<'a, Xid>,
    /// Their subtransactions.
    pub subxids: List<'a, Xid>,
}

impl<'a> RunningXacts<'a> {
    fn decode(data: &'a [u8]) -> Option<Self> {
        let mut fields = Cursor::new(data);
        let (count, subxids) = (fields.count()?, fields.count()?);
        let subxid_overflow = fields.bool()?;
        let mut fields = Cursor::at(data, 12);
        Some(Self {
            subxid_overflow,
            next_xid: fields.xid()?,
            oldest_running_xid: fields.xid()?,
            latest_completed_xid: fields.xid()?,
            xids: List::take(&mut fields, count)?,
            subxids: List::take(&mut fields, subxids)?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("nextXid ").number(self.next_xid.0);
        text.str(" latestCompletedXid ").number(self.latest_completed_xid.0);
        text.str(" oldestRunningXid ").number(self.oldest_running_xid.0);
        if !self.xids.is_empty() {
            text.str("; ").number(self.xids.len() as u64).str(" xacts:");
            text.spaced(self.xids.iter().map(|xid| xid.0));
        }
        let newer = text.since(Version::V16);
        if self.subxid_overflow {
            text.str(if newer { "; subxid overflowed" } else { "; subxid ovf" });
        }
        if newer && !self.subxids.is_empty() {
            text.str("; ").number(self.subxids.len() as u64).str(" subxacts:");
            text.spaced(self.subxids.iter().map(|xid| xid.0));
        }
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("LOCK"),
        0x10 => Some("RUNNING_XACTS"),
        0x20 => Some("INVALIDATIONS"),
        _ => None,
    }
}

impl<'a> Standby<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let data = record.main_data();
        let mut fields = Cursor::new(data);
        match record.info() {
            0x00 => {
                let count = fields.count()?;
                Some(Self::Lock(List::take(&mut fields, count)?))
            }
            0x10 => Some(Self::RunningXacts(RunningXacts::decode(data)?)),
            0x20 => {
                let (database, tablespace) = (fields.oid()?, fields.oid()?);
                let init_file = fields.bool()?.then_some((database, tablespace));
                let mut fields = Cursor::at(data, 12);
                let count = fields.count()?;
                let messages = List::take(&mut fields, count)?;
                Some(Self::Invalidations(Invalidations { messages, init_file }))
            }
            _ => None,
        }
    }

    /// `standby_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::Lock(locks) => {
                for lock in locks.iter() {
                    text.str("xid ").number(lock.xid.0).str(" db ").number(lock.database.0);
                    text.str(" rel ").number(lock.relation.0).str(" ");
                }
            }
            Self::RunningXacts(running) => running.write(text),
            Self::Invalidations(invalidations) => invalidations.write(text),
        }
    }
}
