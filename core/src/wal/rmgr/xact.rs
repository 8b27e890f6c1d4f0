//! Transaction: commits and aborts (`xactdesc.c`).

use super::invalidation::{Invalidation, Invalidations};
use super::list::List;
use super::prepare::Prepare;
use super::text::Text;
use crate::types::{Lsn, Oid, RelFileLocator, Timestamp, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Fork, Record, Version};

/// The bits of the info that are the kind of record.
const KIND: u8 = 0x70;

/// The bit of the info that says that [`xinfo`] is there.
const HAS_INFO: u8 = 0x80;

/// Bits of `xinfo`: what a commit or abort says besides its time.
pub mod xinfo {
    /// Database and tablespace.
    pub const HAS_DBINFO: u32 = 1;
    /// Subtransactions.
    pub const HAS_SUBXACTS: u32 = 1 << 1;
    /// Relations whose files go.
    pub const HAS_RELFILELOCATORS: u32 = 1 << 2;
    /// Invalidation messages.
    pub const HAS_INVALS: u32 = 1 << 3;
    /// The prepared transaction.
    pub const HAS_TWOPHASE: u32 = 1 << 4;
    /// How far replication has come.
    pub const HAS_ORIGIN: u32 = 1 << 5;
    /// Locks that a standby has to give back.
    pub const HAS_AE_LOCKS: u32 = 1 << 6;
    /// The prepared transaction's name.
    pub const HAS_GID: u32 = 1 << 7;
    /// Statistics that go; since PostgreSQL 15.
    pub const HAS_DROPPED_STATS: u32 = 1 << 8;
    /// The client waits until standbys have applied it.
    pub const APPLY_FEEDBACK: u32 = 1 << 29;
    /// The relation caches' file is no longer true.
    pub const UPDATE_RELCACHE_FILE: u32 = 1 << 30;
    /// The log was flushed whatever `synchronous_commit` says.
    pub const FORCE_SYNC_COMMIT: u32 = 1 << 31;
}

/// What a record of Transaction says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Transaction<'a> {
    /// A commit.
    Commit(Completion<'a>),
    /// A transaction was prepared.
    Prepare(Prepare<'a>),
    /// An abort.
    Abort(Completion<'a>),
    /// A prepared transaction was committed.
    CommitPrepared(Completion<'a>),
    /// A prepared transaction was aborted.
    AbortPrepared(Completion<'a>),
    /// Subtransactions belong to a transaction.
    Assignment {
        /// The transaction.
        toplevel: Xid,
        /// Its subtransactions.
        subxids: List<'a, Xid>,
    },
    /// Caches that are no longer true, while the transaction runs.
    Invalidations(Invalidations<'a>),
}

/// `xl_xact_commit` or `xl_xact_abort`, and what follows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Completion<'a> {
    /// When.
    pub time: Timestamp,
    /// What follows: see [`xinfo`].
    pub xinfo: u32,
    /// The database.
    pub database: Oid,
    /// Its tablespace.
    pub tablespace: Oid,
    /// The subtransactions.
    pub subxids: List<'a, Xid>,
    /// Relations whose files go.
    pub relations: List<'a, RelFileLocator>,
    /// Statistics that go.
    pub stats: DroppedStats<'a>,
    /// Caches that are no longer true.
    pub invalidations: Invalidations<'a>,
    /// The prepared transaction; 0 without one.
    pub prepared_xid: Xid,
    /// Its name.
    pub gid: &'a [u8],
    /// How far replication has come: where, and when.
    pub origin: Option<(Lsn, Timestamp)>,
    /// Of which origin: the record says it.
    pub origin_id: u16,
}

impl<'a> Completion<'a> {
    fn decode(record: &Record<'a>, is_commit: bool) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        let mut found =
            Self { time: fields.timestamp()?, origin_id: record.origin(), ..Self::default() };
        if record.info() & HAS_INFO != 0 {
            found.xinfo = fields.u32()?;
        }
        let has = |bit| found.xinfo & bit != 0;
        let (mut database, mut tablespace) = (Oid(0), Oid(0));
        if has(xinfo::HAS_DBINFO) {
            (database, tablespace) = (fields.oid()?, fields.oid()?);
        }
        let mut subxids = List::default();
        if has(xinfo::HAS_SUBXACTS) {
            let count = fields.count()?;
            subxids = List::take(&mut fields, count)?;
        }
        let mut relations = List::default();
        if has(xinfo::HAS_RELFILELOCATORS) {
            let count = fields.count()?;
            relations = List::take(&mut fields, count)?;
        }
        let mut stats = DroppedStats::default();
        if has(xinfo::HAS_DROPPED_STATS) {
            let count = fields.count()?;
            stats = DroppedStats::take(&mut fields, count, record.version())?;
        }
        let mut messages = List::<Invalidation>::default();
        if is_commit && has(xinfo::HAS_INVALS) {
            let count = fields.count()?;
            messages = List::take(&mut fields, count)?;
        }
        let init_file = has(xinfo::UPDATE_RELCACHE_FILE).then_some((database, tablespace));
        let (mut prepared_xid, mut gid) = (Xid(0), &[][..]);
        if has(xinfo::HAS_TWOPHASE) {
            prepared_xid = fields.xid()?;
            if has(xinfo::HAS_GID) {
                gid = fields.string()?;
            }
        }
        let mut origin = None;
        if has(xinfo::HAS_ORIGIN) {
            origin = Some((fields.lsn()?, fields.timestamp()?));
        }
        let invalidations = Invalidations { messages, init_file };
        Some(Self {
            database,
            tablespace,
            subxids,
            relations,
            stats,
            invalidations,
            prepared_xid,
            gid,
            origin,
            ..found
        })
    }

    fn write_head(&self, text: &mut Text<'_>) {
        if self.prepared_xid != Xid(0) {
            text.number(self.prepared_xid.0).str(": ");
        }
        text.time(self.time);
        write_relations(text, "rels", self.relations);
        write_subxids(text, self.subxids);
    }

    fn write_origin(&self, text: &mut Text<'_>) {
        if let Some((lsn, time)) = self.origin {
            write_origin(text, self.origin_id, lsn, time);
        }
    }

    fn write_commit(&self, text: &mut Text<'_>) {
        self.write_head(text);
        self.stats.write(text, "");
        self.invalidations.write(text);
        if self.xinfo & xinfo::APPLY_FEEDBACK != 0 && text.since(Version::V15) {
            text.str("; apply_feedback");
        }
        if self.xinfo & xinfo::FORCE_SYNC_COMMIT != 0 {
            text.str("; sync");
        }
        self.write_origin(text);
    }

    fn write_abort(&self, text: &mut Text<'_>) {
        self.write_head(text);
        if text.since(Version::V15) {
            self.write_origin(text);
        }
        self.stats.write(text, "");
    }
}

/// Statistics that go when a transaction ends; since PostgreSQL 15.
#[derive(Clone, Copy, Debug)]
pub struct DroppedStats<'a> {
    bytes: &'a [u8],
    version: Version,
}

impl Default for DroppedStats<'_> {
    fn default() -> Self {
        Self { bytes: &[], version: Version::NEWEST }
    }
}

/// Of what the statistics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedStat {
    /// The kind of object.
    pub kind: i32,
    /// The database.
    pub database: Oid,
    /// The object.
    pub object: u64,
}

impl<'a> DroppedStats<'a> {
    /// An object has 64 bits since PostgreSQL 18.
    const fn size(version: Version) -> usize {
        if version.major() >= 18 { 16 } else { 12 }
    }

    pub(super) fn take(cursor: &mut Cursor<'a>, count: usize, version: Version) -> Option<Self> {
        let bytes = cursor.bytes(count.checked_mul(Self::size(version))?)?;
        Some(Self { bytes, version })
    }

    /// How many bytes they are.
    pub(super) const fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = DroppedStat> + use<'a> {
        let version = self.version;
        self.bytes.chunks_exact(Self::size(version)).filter_map(move |bytes| {
            let mut fields = Cursor::new(bytes);
            let (kind, database) = (fields.i32()?, fields.oid()?);
            let low = u64::from(fields.u32()?);
            let high = fields.u32().map_or(0, u64::from);
            Some(DroppedStat { kind, database, object: high << 32 | low })
        })
    }

    pub(super) fn write(&self, text: &mut Text<'_>, of: &str) {
        if self.bytes.is_empty() {
            return;
        }
        text.str("; ").str(of).str("dropped stats:");
        for stat in self.iter() {
            text.str(" ").signed(stat.kind);
            text.str("/").number(stat.database.0).str("/").number(stat.object);
        }
    }
}

pub(super) fn write_relations(
    text: &mut Text<'_>,
    label: &str,
    relations: List<'_, RelFileLocator>,
) {
    if relations.is_empty() {
        return;
    }
    text.str("; ").str(label).str(":");
    for relation in relations.iter() {
        text.str(" ").path(relation, Fork::MAIN);
    }
}

pub(super) fn write_subxids(text: &mut Text<'_>, subxids: List<'_, Xid>) {
    if !subxids.is_empty() {
        text.str("; subxacts:").spaced(subxids.iter().map(|xid| xid.0));
    }
}

pub(super) fn write_origin(text: &mut Text<'_>, origin: u16, lsn: Lsn, time: Timestamp) {
    text.str("; origin: node ").number(origin);
    text.str(", lsn ").lsn(lsn).str(", at ").time(time);
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & KIND {
        0x00 => "COMMIT",
        0x10 => "PREPARE",
        0x20 => "ABORT",
        0x30 => "COMMIT_PREPARED",
        0x40 => "ABORT_PREPARED",
        0x50 => "ASSIGNMENT",
        0x60 => "INVALIDATION",
        _ => return None,
    })
}

impl<'a> Transaction<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        Some(match record.info() & KIND {
            0x00 => Self::Commit(Completion::decode(record, true)?),
            0x10 => Self::Prepare(Prepare::decode(record)?),
            0x20 => Self::Abort(Completion::decode(record, false)?),
            0x30 => Self::CommitPrepared(Completion::decode(record, true)?),
            0x40 => Self::AbortPrepared(Completion::decode(record, false)?),
            0x50 => {
                let (toplevel, count) = (fields.xid()?, fields.count()?);
                Self::Assignment { toplevel, subxids: List::take(&mut fields, count)? }
            }
            0x60 => {
                let count = fields.count()?;
                let messages = List::take(&mut fields, count)?;
                Self::Invalidations(Invalidations { messages, init_file: None })
            }
            _ => return None,
        })
    }

    /// `xact_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::Commit(commit) | Self::CommitPrepared(commit) => commit.write_commit(text),
            Self::Abort(abort) | Self::AbortPrepared(abort) => abort.write_abort(text),
            Self::Prepare(prepare) => prepare.write(text),
            Self::Assignment { toplevel, subxids } => {
                text.str("xtop ").number(toplevel.0).str(": subxacts:");
                text.spaced(subxids.iter().map(|xid| xid.0));
            }
            Self::Invalidations(invalidations) => invalidations.write(text),
        }
    }
}
