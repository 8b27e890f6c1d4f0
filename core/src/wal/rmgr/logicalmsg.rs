//! LogicalMessage: messages for logical decoding (`logicalmsgdesc.c`).

use super::text::Text;
use crate::types::Oid;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of LogicalMessage says: `pg_logical_emit_message` was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalMessage<'a> {
    /// The database.
    pub database: Oid,
    /// Whether it only counts when its transaction commits.
    pub is_transactional: bool,
    /// Whom it is for.
    pub prefix: &'a [u8],
    /// The message.
    pub content: &'a [u8],
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("MESSAGE"),
        _ => None,
    }
}

impl<'a> LogicalMessage<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        if record.info() != 0x00 {
            return None;
        }
        let data = record.main_data();
        let mut fields = Cursor::new(data);
        let (database, is_transactional) = (fields.oid()?, fields.bool()?);
        let mut fields = Cursor::at(data, 8);
        let (prefix, content) = (fields.u64()?, fields.u64()?);
        // The prefix has a zero byte at its end.
        let prefix = fields.bytes(usize::try_from(prefix).ok()?)?;
        let content = fields.bytes(usize::try_from(content).ok()?)?;
        let prefix = Cursor::new(prefix).string()?;
        Some(Self { database, is_transactional, prefix, content })
    }

    /// `logicalmsg_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.str(if self.is_transactional { "transactional" } else { "non-transactional" });
        text.str(", prefix \"").bytes(self.prefix);
        text.str("\"; payload (").number(self.content.len() as u64).str(" bytes): ");
        for (number, byte) in self.content.iter().enumerate() {
            text.str(if number > 0 { " " } else { "" }).hex(*byte, 2);
        }
    }
}
