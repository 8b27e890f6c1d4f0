//! Heap: rows of tables come, change and go (`heapdesc.c`).

use super::invalidation::Invalidations;
use super::list::List;
use super::text::Text;
use crate::types::{Oid, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// The bits of the info that are the kind of record.
pub(in crate::wal) const KIND: u8 = 0x70;

/// The bit of the info that says that the page is made anew.
pub(in crate::wal) const INIT_PAGE: u8 = 0x80;

/// What a record of Heap says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Heap<'a> {
    /// A row came.
    Insert {
        /// Its line pointer.
        offset: u16,
        /// `xl_heap_insert.flags`
        flags: u8,
    },
    /// A row went.
    Delete(RowLock),
    /// A row changed.
    Update(Update),
    /// Tables were emptied; only for logical decoding.
    Truncate {
        /// The database.
        database: Oid,
        /// 1 `CASCADE`, 2 `RESTART IDENTITY`.
        flags: u8,
        /// The tables.
        relations: List<'a, Oid>,
    },
    /// A row changed, and no index knows of it.
    HotUpdate(Update),
    /// A speculative insertion is one for good.
    Confirm {
        /// The row's line pointer.
        offset: u16,
    },
    /// A row was locked.
    Lock(RowLock),
    /// A row was overwritten.
    Inplace {
        /// Its line pointer.
        offset: u16,
        /// Caches that are no longer true; since PostgreSQL 18.
        invalidations: Invalidations<'a>,
    },
}

/// Who deletes or locks which row, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLock {
    /// The transaction, or the multixact.
    pub xmax: Xid,
    /// The row's line pointer.
    pub offset: u16,
    /// `infobits_set`
    pub infobits: InfoBits,
    /// The record's flags.
    pub flags: u8,
}

impl RowLock {
    pub(super) fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            xmax: fields.xid()?,
            offset: fields.u16()?,
            infobits: InfoBits(fields.u8()?),
            flags: fields.u8()?,
        })
    }

    /// `xmax: 1, off: 2, infobits: [], flags: 0x00`; since PostgreSQL 16.
    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.str("xmax: ").number(self.xmax.0).str(", off: ").number(self.offset);
        text.str(", infobits: ");
        self.infobits.write(text);
        text.str(", flags: 0x").hex(self.flags, 2);
    }
}

/// `xl_heap_update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The old row.
    pub old: RowLock,
    /// Who has locked the new row.
    pub new_xmax: Xid,
    /// The new row's line pointer.
    pub new_offset: u16,
}

impl Update {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            old: RowLock::decode(fields)?,
            new_xmax: fields.xid()?,
            new_offset: fields.u16()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        let RowLock { xmax, offset, infobits, flags } = self.old;
        if text.since(Version::V16) {
            text.str("old_xmax: ").number(xmax.0).str(", old_off: ").number(offset);
            text.str(", old_infobits: ");
            infobits.write(text);
            text.str(", flags: 0x").hex(flags, 2);
            text.str(", new_xmax: ").number(self.new_xmax.0);
            text.str(", new_off: ").number(self.new_offset);
        } else {
            text.str("off ").number(offset).str(" xmax ").number(xmax.0);
            text.str(" flags 0x").hex(flags, 2).str(" ");
            infobits.write(text);
            text.str("; new off ").number(self.new_offset);
            text.str(" xmax ").number(self.new_xmax.0);
        }
    }
}

/// How a row is locked: bits of `infobits_set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoBits(pub u8);

impl InfoBits {
    const NAMES: [&str; 5] = ["IS_MULTI", "LOCK_ONLY", "EXCL_LOCK", "KEYSHR_LOCK", "KEYS_UPDATED"];

    /// The names of its bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        bit_names(self.0, &Self::NAMES)
    }

    /// Before PostgreSQL 16 each name has a space behind it; since then they are in brackets.
    pub(super) fn write(self, text: &mut Text<'_>) {
        if text.since(Version::V16) {
            write_names(text, self.names());
            return;
        }
        for name in self.names() {
            text.str(name).str(" ");
        }
    }
}

/// The names of the bits that are set, the lowest first.
fn bit_names(bits: u8, names: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let set = (0..8).map(move |bit| bits >> bit & 1 == 1);
    names.iter().copied().zip(set).filter_map(|(name, set)| set.then_some(name))
}

/// `[A, B]`
fn write_names(text: &mut Text<'_>, names: impl Iterator<Item = &'static str>) {
    text.str("[");
    for (number, name) in names.enumerate() {
        text.str(if number > 0 { ", " } else { "" }).str(name);
    }
    text.str("]");
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "INSERT",
        0x80 => "INSERT+INIT",
        0x10 => "DELETE",
        0x20 => "UPDATE",
        0xA0 => "UPDATE+INIT",
        0x30 => "TRUNCATE",
        0x40 => "HOT_UPDATE",
        0xC0 => "HOT_UPDATE+INIT",
        0x50 => "HEAP_CONFIRM",
        0x60 => "LOCK",
        0x70 => "INPLACE",
        _ => return None,
    })
}

impl<'a> Heap<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        Some(match record.info() & KIND {
            0x00 => Self::Insert { offset: fields.u16()?, flags: fields.u8()? },
            0x10 => Self::Delete(RowLock::decode(&mut fields)?),
            0x20 => Self::Update(Update::decode(&mut fields)?),
            0x30 => {
                let (database, count) = (fields.oid()?, fields.count()?);
                let flags = fields.u8()?;
                let mut fields = Cursor::at(record.main_data(), 12);
                Self::Truncate { database, flags, relations: List::take(&mut fields, count)? }
            }
            0x40 => Self::HotUpdate(Update::decode(&mut fields)?),
            0x50 => Self::Confirm { offset: fields.u16()? },
            0x60 => Self::Lock(RowLock::decode(&mut fields)?),
            _ => Self::Inplace { offset: fields.u16()?, invalidations: inplace(record)? },
        })
    }

    /// `heap_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        let newer = text.since(Version::V16);
        match *self {
            Self::Insert { offset, flags } if newer => {
                text.str("off: ").number(offset).str(", flags: 0x").hex(flags, 2);
            }
            Self::Insert { offset, flags } => {
                text.str("off ").number(offset).str(" flags 0x").hex(flags, 2);
            }
            Self::Delete(row) | Self::Lock(row) if newer => row.write(text),
            Self::Delete(row) => {
                text.str("off ").number(row.offset).str(" flags 0x").hex(row.flags, 2).str(" ");
                row.infobits.write(text);
            }
            Self::Lock(row) => {
                text.str("off ").number(row.offset).str(": xid ").number(row.xmax.0);
                text.str(": flags 0x").hex(row.flags, 2).str(" ");
                row.infobits.write(text);
            }
            Self::Update(update) | Self::HotUpdate(update) => update.write(text),
            Self::Truncate { flags, relations, .. } => write_truncate(text, flags, relations),
            Self::Confirm { offset } => {
                text.str(if newer { "off: " } else { "off " }).number(offset);
            }
            Self::Inplace { offset, invalidations } => {
                text.str(if newer { "off: " } else { "off " }).number(offset);
                invalidations.write(text);
            }
        }
    }
}

/// What a record of an overwritten row says besides, since PostgreSQL 18.
fn inplace<'a>(record: &Record<'a>) -> Option<Invalidations<'a>> {
    if record.version() < Version::V18 {
        return Some(Invalidations::default());
    }
    let mut fields = Cursor::at(record.main_data(), 4);
    let (database, tablespace) = (fields.oid()?, fields.oid()?);
    let init_file = fields.bool()?.then_some((database, tablespace));
    let mut fields = Cursor::at(record.main_data(), 16);
    let count = fields.count()?;
    Some(Invalidations { messages: List::take(&mut fields, count)?, init_file })
}

fn write_truncate(text: &mut Text<'_>, flags: u8, relations: List<'_, Oid>) {
    let (oids, count) = (relations.iter().map(|oid| oid.0), relations.len() as u64);
    if text.since(Version::V16) {
        text.str("flags: ");
        write_names(text, bit_names(flags, &["CASCADE", "RESTART_SEQS"]));
        text.str(", nrelids: ").number(count).str(", relids:").numbers(oids);
    } else {
        for name in bit_names(flags, &["cascade ", "restart_seqs "]) {
            text.str(name);
        }
        text.str("nrelids ").number(count).str(" relids").spaced(oids);
    }
}
