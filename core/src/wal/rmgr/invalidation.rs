//! Invalidation messages, which records of several resource managers have
//! (`standby_desc_invalidations`).

use super::list::{Item, List};
use super::text::Text;
use crate::types::Oid;
use crate::wal::Version;
use crate::wal::cursor::Cursor;

/// What of other sessions' caches is no longer true: `SharedInvalidationMessage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalidation {
    /// The cache of a catalog, or which other kind of message it is, if negative.
    pub id: i8,
    /// The first of two further numbers: mostly a database.
    pub first: Oid,
    /// The second: mostly a relation.
    pub second: Oid,
}

impl Item for Invalidation {
    const SIZE: usize = 16;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let id = Cursor::new(bytes).i8()?;
        let mut fields = Cursor::at(bytes, 4);
        Some(Self { id, first: fields.oid()?, second: fields.oid()? })
    }
}

/// The messages of a record, and the relation caches' file that is no longer true.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invalidations<'a> {
    /// The messages.
    pub messages: List<'a, Invalidation>,
    /// The database and tablespace whose file is to be removed.
    pub init_file: Option<(Oid, Oid)>,
}

impl Invalidations<'_> {
    /// What they are, if there are any. It begins with a semicolon.
    pub(super) fn write(&self, text: &mut Text<'_>) {
        if self.messages.is_empty() {
            return;
        }
        if let Some((database, tablespace)) = self.init_file {
            text.str("; relcache init file inval dbid ").number(database.0);
            text.str(" tsid ").number(tablespace.0);
        }
        text.str("; inval msgs:");
        for message in self.messages.iter() {
            write_message(text, message);
        }
    }
}

fn write_message(text: &mut Text<'_>, message: Invalidation) {
    match message.id {
        0.. => text.str(" catcache ").signed(message.id),
        -1 => text.str(" catalog ").number(message.second.0),
        -2 => text.str(" relcache ").number(message.second.0),
        -3 => text.str(" smgr"),
        -4 => text.str(" relmap db ").number(message.first.0),
        -5 => text.str(" snapshot ").number(message.second.0),
        -6 if text.since(Version::V18) => text.str(" relsync ").number(message.second.0),
        id => text.str(" unrecognized id ").signed(id),
    };
}
