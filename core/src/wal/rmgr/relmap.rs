//! RelMap: the files of the catalogs that know those of the others (`relmapdesc.c`).

use super::text::Text;
use crate::types::Oid;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of RelMap says: the map was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelMap<'a> {
    /// The database; 0 for the map of shared relations.
    pub database: Oid,
    /// Its tablespace.
    pub tablespace: Oid,
    /// The size of the map.
    pub size: i32,
    /// The map: the content of `pg_filenode.map`.
    pub map: &'a [u8],
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("UPDATE"),
        _ => None,
    }
}

impl<'a> RelMap<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        if record.info() != 0x00 {
            return None;
        }
        Some(Self {
            database: fields.oid()?,
            tablespace: fields.oid()?,
            size: fields.i32()?,
            map: fields.rest(),
        })
    }

    /// `relmap_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.str("database ").number(self.database.0);
        text.str(" tablespace ").number(self.tablespace.0);
        text.str(" size ").signed(self.size);
    }
}
