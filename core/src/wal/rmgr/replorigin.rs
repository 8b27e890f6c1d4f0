//! ReplicationOrigin: how far replication has come (`replorigindesc.c`).

use super::text::Text;
use crate::types::Lsn;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of ReplicationOrigin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicationOrigin {
    /// It has come so far.
    Set {
        /// The origin.
        origin: u16,
        /// The position in the origin's log.
        lsn: Lsn,
        /// Whether it may go backwards.
        force: bool,
    },
    /// An origin went.
    Drop {
        /// The origin.
        origin: u16,
    },
}

/// The name of a kind of record. PostgreSQL looks at all bits here, not only at those of the
/// resource manager.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info {
        0x00 => Some("SET"),
        0x10 => Some("DROP"),
        _ => None,
    }
}

impl ReplicationOrigin {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        match record.info() {
            0x00 => {
                let (lsn, origin) = (fields.lsn()?, fields.u16()?);
                Some(Self::Set { origin, lsn, force: fields.bool()? })
            }
            0x10 => Some(Self::Drop { origin: fields.u16()? }),
            _ => None,
        }
    }

    /// `replorigin_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::Set { origin, lsn, force } => {
                text.str("set ").number(origin).str("; lsn ").lsn(lsn);
                text.str("; force: ").number(u8::from(force));
            }
            Self::Drop { origin } => _ = text.str("drop ").number(origin),
        }
    }
}
