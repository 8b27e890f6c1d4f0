//! CLOG: the file of which transactions have committed grows and is cut (`clogdesc.c`).

use super::slru::page_number;
use super::text::Text;
use crate::types::{Oid, Xid};
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of CLOG says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clog {
    /// A page was made.
    ZeroPage(i64),
    /// Pages went.
    Truncate {
        /// The first page that is left.
        page: i64,
        /// The oldest transaction whose end is known.
        oldest_xid: Xid,
        /// The database that needs it.
        oldest_database: Oid,
    },
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("ZEROPAGE"),
        0x10 => Some("TRUNCATE"),
        _ => None,
    }
}

impl Clog {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        match record.info() {
            0x00 => page_number(&mut fields, record.version()).map(Self::ZeroPage),
            0x10 => Some(Self::Truncate {
                page: page_number(&mut fields, record.version())?,
                oldest_xid: fields.xid()?,
                oldest_database: fields.oid()?,
            }),
            _ => None,
        }
    }

    /// `clog_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::ZeroPage(page) => _ = text.str("page ").signed(page),
            Self::Truncate { page, oldest_xid, .. } => {
                text.str("page ").signed(page).str("; oldestXact ").number(oldest_xid.0);
            }
        }
    }
}
