//! Tablespace: tablespaces come and go (`tblspcdesc.c`).

use super::text::Text;
use crate::types::Oid;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of Tablespace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tablespace<'a> {
    /// A tablespace was made.
    Create {
        /// The tablespace.
        tablespace: Oid,
        /// Its directory; nothing for one inside the data directory.
        path: &'a [u8],
    },
    /// A tablespace went.
    Drop(Oid),
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("CREATE"),
        0x10 => Some("DROP"),
        _ => None,
    }
}

impl<'a> Tablespace<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        match record.info() {
            0x00 => Some(Self::Create { tablespace: fields.oid()?, path: fields.string()? }),
            0x10 => fields.oid().map(Self::Drop),
            _ => None,
        }
    }

    /// `tblspc_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::Create { tablespace, path } => {
                text.number(tablespace.0).str(" \"").bytes(path).str("\"");
            }
            Self::Drop(tablespace) => _ = text.number(tablespace.0),
        }
    }
}
