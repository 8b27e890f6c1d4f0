//! Sequence: what comes next (`seqdesc.c`).

use super::text::Text;
use crate::types::RelFileLocator;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of Sequence says: the sequence's row was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence<'a> {
    /// The sequence.
    pub locator: RelFileLocator,
    /// Its row, with the header that rows of tables have.
    pub tuple: &'a [u8],
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("LOG"),
        _ => None,
    }
}

impl<'a> Sequence<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        if record.info() != 0x00 {
            return None;
        }
        Some(Self { locator: fields.locator()?, tuple: fields.rest() })
    }

    /// `seq_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.str("rel ").locator(self.locator);
    }
}
