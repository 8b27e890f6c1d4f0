//! The record of a prepared transaction, which is the file of its state (`xl_xact_prepare`).

use super::invalidation::{Invalidation, Invalidations};
use super::list::{Item, List};
use super::text::Text;
use super::xact::{DroppedStats, write_origin, write_relations, write_subxids};
use crate::types::{Lsn, Oid, RelFileLocator, Timestamp, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// A transaction that was prepared.
#[derive(Clone, Copy, Debug)]
pub struct Prepare<'a> {
    /// The transaction.
    pub xid: Xid,
    /// Its database.
    pub database: Oid,
    /// When it was prepared.
    pub time: Timestamp,
    /// Who did it.
    pub owner: Oid,
    /// Its name.
    pub gid: &'a [u8],
    /// Its subtransactions.
    pub subxids: List<'a, Xid>,
    /// Relations whose files go at its commit.
    pub commit_relations: List<'a, RelFileLocator>,
    /// Relations whose files go at its abort.
    pub abort_relations: List<'a, RelFileLocator>,
    /// Statistics that go at its commit.
    pub commit_stats: DroppedStats<'a>,
    /// Statistics that go at its abort.
    pub abort_stats: DroppedStats<'a>,
    /// Caches that are no longer true at its commit.
    pub invalidations: Invalidations<'a>,
    /// How far replication has come.
    pub origin_lsn: Lsn,
    /// When that was.
    pub origin_time: Timestamp,
    /// Of which origin; 0 without one.
    pub origin_id: u16,
}

/// What follows the header has places of multiples of this.
const ALIGNMENT: usize = 8;

/// Goes past what fills up a part of so many bytes.
fn fill_up(fields: &mut Cursor<'_>, length: usize) -> Option<()> {
    let filled = length.checked_next_multiple_of(ALIGNMENT)?;
    // Behind the last part there may be nothing.
    let size = filled.checked_sub(length)?.min(fields.rest().len());
    fields.bytes(size).map(|_| ())
}

fn list<'a, T: Item>(fields: &mut Cursor<'a>, count: usize) -> Option<List<'a, T>> {
    let list = List::take(fields, count)?;
    fill_up(fields, list.bytes().len())?;
    Some(list)
}

fn stats<'a>(fields: &mut Cursor<'a>, count: usize, version: Version) -> Option<DroppedStats<'a>> {
    let stats = DroppedStats::take(fields, count, version)?;
    fill_up(fields, stats.byte_length())?;
    Some(stats)
}

impl<'a> Prepare<'a> {
    pub(super) fn decode(record: &Record<'a>) -> Option<Self> {
        let version = record.version();
        let has_stats = version >= Version::V15;
        let mut fields = Cursor::at(record.main_data(), 8);
        let (xid, database) = (fields.xid()?, fields.oid()?);
        let (time, owner) = (fields.timestamp()?, fields.oid()?);
        let counts = [fields.count()?, fields.count()?, fields.count()?];
        let stat_counts = if has_stats { [fields.count()?, fields.count()?] } else { [0, 0] };
        let message_count = fields.count()?;
        let init_file = fields.bool()?;
        let _padding = fields.u8()?;
        let gid_length = usize::from(fields.u16()?);
        let (origin_lsn, origin_time) = (fields.lsn()?, fields.timestamp()?);
        let gid = fields.bytes(gid_length)?;
        fill_up(&mut fields, gid_length)?;
        let [subxids, commit_relations, abort_relations] = counts;
        let subxids = list(&mut fields, subxids)?;
        let commit_relations = list(&mut fields, commit_relations)?;
        let abort_relations = list(&mut fields, abort_relations)?;
        let [commit_stats, abort_stats] = stat_counts;
        let commit_stats = stats(&mut fields, commit_stats, version)?;
        let abort_stats = stats(&mut fields, abort_stats, version)?;
        let messages = list::<Invalidation>(&mut fields, message_count)?;
        // PostgreSQL does not fill in the tablespace here.
        let init_file = init_file.then_some((database, Oid(0)));
        Some(Self {
            xid,
            database,
            time,
            owner,
            gid: Cursor::new(gid).string()?,
            subxids,
            commit_relations,
            abort_relations,
            commit_stats,
            abort_stats,
            invalidations: Invalidations { messages, init_file },
            origin_lsn,
            origin_time,
            origin_id: record.origin(),
        })
    }

    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.str("gid ").bytes(self.gid).str(": ").time(self.time);
        write_relations(text, "rels(commit)", self.commit_relations);
        write_relations(text, "rels(abort)", self.abort_relations);
        self.commit_stats.write(text, "commit ");
        self.abort_stats.write(text, "abort ");
        write_subxids(text, self.subxids);
        self.invalidations.write(text);
        if self.origin_id != 0 && text.since(Version::V15) {
            write_origin(text, self.origin_id, self.origin_lsn, self.origin_time);
        }
    }
}
