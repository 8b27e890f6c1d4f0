//! XLOG: checkpoints, switches of segments, page images, parameters (`xlogdesc.c`).

use super::text::Text;
use crate::types::{Lsn, Oid, TimelineId, Timestamp, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of XLOG says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Xlog<'a> {
    /// A checkpoint at shutdown.
    CheckpointShutdown(Checkpoint),
    /// A checkpoint while the server runs.
    CheckpointOnline(Checkpoint),
    /// Nothing.
    Noop,
    /// OIDs up to this one may be given out.
    NextOid(Oid),
    /// The rest of the segment is empty.
    Switch,
    /// A backup that began there has ended.
    BackupEnd(Lsn),
    /// Parameters that a standby must follow.
    ParameterChange(ParameterChange),
    /// A place to restore to.
    RestorePoint {
        /// When it was made.
        time: Timestamp,
        /// Its name.
        name: &'a [u8],
    },
    /// `full_page_writes` was switched on or off.
    FullPageWrites(bool),
    /// Recovery has ended.
    EndOfRecovery {
        /// When.
        time: Timestamp,
        /// The timeline from here on.
        timeline: TimelineId,
        /// The timeline before.
        previous: TimelineId,
        /// `wal_level`, since PostgreSQL 17.
        wal_level: Option<WalLevel>,
    },
    /// Images of pages of which only hints have changed.
    PageImageForHint,
    /// Images of pages.
    PageImage,
    /// A record was cut off by a crash.
    OverwriteContrecord {
        /// Where it began.
        lsn: Lsn,
        /// When that was found.
        time: Timestamp,
    },
    /// Redo begins here for the next checkpoint; since PostgreSQL 17.
    CheckpointRedo(WalLevel),
}

/// `wal_level` as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalLevel(pub i32);

impl WalLevel {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "minimal",
            1 => "replica",
            2 => "logical",
            _ => "?",
        }
    }
}

/// `CheckPoint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where redo begins.
    pub redo: Lsn,
    /// The timeline.
    pub timeline: TimelineId,
    /// The timeline before.
    pub previous_timeline: TimelineId,
    /// `full_page_writes`.
    pub full_page_writes: bool,
    /// `wal_level`, since PostgreSQL 17.
    pub wal_level: Option<WalLevel>,
    /// The next transaction, the epoch in the high half.
    pub next_xid: u64,
    /// The next OID.
    pub next_oid: Oid,
    /// The next multixact.
    pub next_multi: u32,
    /// The next member of multixacts.
    pub next_multi_offset: u32,
    /// The oldest transaction that tables still have.
    pub oldest_xid: Xid,
    /// The database that has it.
    pub oldest_xid_database: Oid,
    /// The oldest multixact that tables still have.
    pub oldest_multi: u32,
    /// The database that has it.
    pub oldest_multi_database: Oid,
    /// When it was made, in seconds since 1970.
    pub time: i64,
    /// The oldest transaction whose commit time is kept.
    pub oldest_commit_ts_xid: Xid,
    /// The newest one.
    pub newest_commit_ts_xid: Xid,
    /// The oldest transaction that runs.
    pub oldest_active_xid: Xid,
}

impl Checkpoint {
    fn decode(data: &[u8], version: Version) -> Option<Self> {
        let mut fields = Cursor::new(data);
        let redo = fields.lsn()?;
        let (timeline, previous_timeline) = (TimelineId(fields.u32()?), TimelineId(fields.u32()?));
        let full_page_writes = fields.bool()?;
        let wal_level = Cursor::at(data, 20).i32()?;
        let wal_level = (version >= Version::V17).then_some(WalLevel(wal_level));
        let mut fields = Cursor::at(data, 24);
        let next_xid = fields.u64()?;
        let next_oid = fields.oid()?;
        let (next_multi, next_multi_offset) = (fields.u32()?, fields.u32()?);
        let (oldest_xid, oldest_xid_database) = (fields.xid()?, fields.oid()?);
        let (oldest_multi, oldest_multi_database) = (fields.u32()?, fields.oid()?);
        let mut fields = Cursor::at(data, 64);
        Some(Self {
            redo,
            timeline,
            previous_timeline,
            full_page_writes,
            wal_level,
            next_xid,
            next_oid,
            next_multi,
            next_multi_offset,
            oldest_xid,
            oldest_xid_database,
            oldest_multi,
            oldest_multi_database,
            time: fields.i64()?,
            oldest_commit_ts_xid: fields.xid()?,
            newest_commit_ts_xid: fields.xid()?,
            oldest_active_xid: fields.xid()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("redo ").lsn(self.redo);
        text.str("; tli ").number(self.timeline.0);
        text.str("; prev tli ").number(self.previous_timeline.0);
        text.str("; fpw ").str(if self.full_page_writes { "true" } else { "false" });
        if let Some(level) = self.wal_level {
            text.str("; wal_level ").str(level.name());
        }
        text.str("; xid ").full_xid(self.next_xid);
        text.str("; oid ").number(self.next_oid.0);
        text.str("; multi ").number(self.next_multi);
        text.str("; offset ").number(self.next_multi_offset);
        text.str("; oldest xid ").number(self.oldest_xid.0);
        text.str(" in DB ").number(self.oldest_xid_database.0);
        text.str("; oldest multi ").number(self.oldest_multi);
        text.str(" in DB ").number(self.oldest_multi_database.0);
        text.str("; oldest/newest commit timestamp xid: ").number(self.oldest_commit_ts_xid.0);
        text.str("/").number(self.newest_commit_ts_xid.0);
        text.str("; oldest running xid ").number(self.oldest_active_xid.0);
    }
}

/// `xl_parameter_change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterChange {
    /// `max_connections`
    pub max_connections: i32,
    /// `max_worker_processes`
    pub max_worker_processes: i32,
    /// `max_wal_senders`
    pub max_wal_senders: i32,
    /// `max_prepared_transactions`
    pub max_prepared_xacts: i32,
    /// `max_locks_per_transaction`
    pub max_locks_per_xact: i32,
    /// `wal_level`
    pub wal_level: WalLevel,
    /// `wal_log_hints`
    pub wal_log_hints: bool,
    /// `track_commit_timestamp`
    pub track_commit_timestamp: bool,
}

impl ParameterChange {
    fn decode(data: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(data);
        Some(Self {
            max_connections: fields.i32()?,
            max_worker_processes: fields.i32()?,
            max_wal_senders: fields.i32()?,
            max_prepared_xacts: fields.i32()?,
            max_locks_per_xact: fields.i32()?,
            wal_level: WalLevel(fields.i32()?),
            wal_log_hints: fields.bool()?,
            track_commit_timestamp: fields.bool()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        let switch = |on| if on { "on" } else { "off" };
        text.str("max_connections=").signed(self.max_connections);
        text.str(" max_worker_processes=").signed(self.max_worker_processes);
        text.str(" max_wal_senders=").signed(self.max_wal_senders);
        text.str(" max_prepared_xacts=").signed(self.max_prepared_xacts);
        text.str(" max_locks_per_xact=").signed(self.max_locks_per_xact);
        text.str(" wal_level=").str(self.wal_level.name());
        text.str(" wal_log_hints=").str(switch(self.wal_log_hints));
        text.str(" track_commit_timestamp=").str(switch(self.track_commit_timestamp));
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8, version: Version) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "CHECKPOINT_SHUTDOWN",
        0x10 => "CHECKPOINT_ONLINE",
        0x20 => "NOOP",
        0x30 => "NEXTOID",
        0x40 => "SWITCH",
        0x50 => "BACKUP_END",
        0x60 => "PARAMETER_CHANGE",
        0x70 => "RESTORE_POINT",
        0x80 => "FPW_CHANGE",
        0x90 => "END_OF_RECOVERY",
        0xA0 => "FPI_FOR_HINT",
        0xB0 => "FPI",
        0xD0 => "OVERWRITE_CONTRECORD",
        0xE0 if version.major() >= 17 => "CHECKPOINT_REDO",
        _ => return None,
    })
}

impl<'a> Xlog<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let (data, version) = (record.main_data(), record.version());
        let mut fields = Cursor::new(data);
        Some(match record.info() {
            0x00 => Self::CheckpointShutdown(Checkpoint::decode(data, version)?),
            0x10 => Self::CheckpointOnline(Checkpoint::decode(data, version)?),
            0x20 => Self::Noop,
            0x30 => Self::NextOid(fields.oid()?),
            0x40 => Self::Switch,
            0x50 => Self::BackupEnd(fields.lsn()?),
            0x60 => Self::ParameterChange(ParameterChange::decode(data)?),
            0x70 => Self::RestorePoint { time: fields.timestamp()?, name: fields.string()? },
            0x80 => Self::FullPageWrites(fields.bool()?),
            0x90 => Self::EndOfRecovery {
                time: fields.timestamp()?,
                timeline: TimelineId(fields.u32()?),
                previous: TimelineId(fields.u32()?),
                wal_level: if version >= Version::V17 {
                    Some(WalLevel(fields.i32()?))
                } else {
                    None
                },
            },
            0xA0 => Self::PageImageForHint,
            0xB0 => Self::PageImage,
            0xD0 => Self::OverwriteContrecord { lsn: fields.lsn()?, time: fields.timestamp()? },
            0xE0 if version >= Version::V17 => Self::CheckpointRedo(WalLevel(fields.i32()?)),
            _ => return None,
        })
    }

    /// `xlog_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::CheckpointShutdown(checkpoint) => {
                checkpoint.write(text);
                text.str("; shutdown");
            }
            Self::CheckpointOnline(checkpoint) => {
                checkpoint.write(text);
                text.str("; online");
            }
            Self::Noop | Self::Switch | Self::PageImageForHint | Self::PageImage => {}
            Self::NextOid(oid) => _ = text.number(oid.0),
            Self::BackupEnd(lsn) => _ = text.lsn(*lsn),
            Self::ParameterChange(change) => change.write(text),
            Self::RestorePoint { name, .. } => _ = text.bytes(name),
            Self::FullPageWrites(on) => _ = text.str(if *on { "true" } else { "false" }),
            Self::EndOfRecovery { time, timeline, previous, wal_level } => {
                text.str("tli ").number(timeline.0).str("; prev tli ").number(previous.0);
                text.str("; time ").time(*time);
                if let Some(level) = wal_level {
                    text.str("; wal_level ").str(level.name());
                }
            }
            Self::OverwriteContrecord { lsn, time } => {
                text.str("lsn ").lsn(*lsn).str("; time ").time(*time);
            }
            Self::CheckpointRedo(level) => _ = text.str("wal_level ").str(level.name()),
        }
    }
}
