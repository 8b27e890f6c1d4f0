//! Storage: files of relations come and are cut (`smgrdesc.c`).

use super::text::Text;
use crate::types::RelFileLocator;
use crate::wal::cursor::Cursor;
use crate::wal::{Fork, Record};

/// What a record of Storage says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// A file was made.
    Create {
        /// The relation.
        locator: RelFileLocator,
        /// The fork.
        fork: Fork,
    },
    /// Files were cut.
    Truncate {
        /// How many blocks are left.
        blocks: u32,
        /// The relation.
        locator: RelFileLocator,
        /// Which forks: 1 data, 2 visibility map, 4 free space map.
        flags: i32,
    },
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x10 => Some("CREATE"),
        0x20 => Some("TRUNCATE"),
        _ => None,
    }
}

impl Storage {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        match record.info() {
            0x10 => {
                let locator = fields.locator()?;
                let fork = Fork(u8::try_from(fields.i32()?).unwrap_or(u8::MAX));
                Some(Self::Create { locator, fork })
            }
            0x20 => Some(Self::Truncate {
                blocks: fields.u32()?,
                locator: fields.locator()?,
                flags: fields.i32()?,
            }),
            _ => None,
        }
    }

    /// `smgr_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::Create { locator, fork } => _ = text.path(locator, fork),
            Self::Truncate { blocks, locator, flags } => {
                text.path(locator, Fork::MAIN).str(" to ").number(blocks);
                text.str(" blocks flags ").signed(flags);
            }
        }
    }
}
