//! BRIN: block range indexes (`brindesc.c`).

use super::text::Text;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// The bits of the info that are the kind of record.
const KIND: u8 = 0x70;

/// What a record of BRIN says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Brin {
    /// An index was made.
    CreateIndex {
        /// How many blocks of the table are a range.
        pages_per_range: u32,
        /// The version of the index's format.
        version: u16,
    },
    /// A range's summary came.
    Insert(Insert),
    /// A range's summary went to another page.
    Update {
        /// Its line pointer before.
        old_offset: u16,
        /// What came.
        insert: Insert,
    },
    /// A range's summary changed at its place.
    SamepageUpdate {
        /// Its line pointer.
        offset: u16,
    },
    /// The map of ranges has a page more.
    RevmapExtend {
        /// The block that is the page.
        block: u32,
    },
    /// A range's summary went.
    Desummarize {
        /// How many blocks of the table are a range.
        pages_per_range: u32,
        /// The range's first block.
        heap_block: u32,
        /// The summary's line pointer.
        offset: u16,
    },
}

/// `xl_brin_insert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insert {
    /// The range's first block.
    pub heap_block: u32,
    /// How many blocks of the table are a range.
    pub pages_per_range: u32,
    /// The summary's line pointer.
    pub offset: u16,
}

impl Insert {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            heap_block: fields.u32()?,
            pages_per_range: fields.u32()?,
            offset: fields.u16()?,
        })
    }

    fn write_range(self, text: &mut Text<'_>) {
        text.str("heapBlk ").number(self.heap_block);
        text.str(" pagesPerRange ").number(self.pages_per_range);
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "CREATE_INDEX",
        0x10 => "INSERT",
        0x90 => "INSERT+INIT",
        0x20 => "UPDATE",
        0xA0 => "UPDATE+INIT",
        0x30 => "SAMEPAGE_UPDATE",
        0x40 => "REVMAP_EXTEND",
        0x50 => "DESUMMARIZE",
        _ => return None,
    })
}

impl Brin {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let data = record.main_data();
        let mut fields = Cursor::new(data);
        Some(match record.info() & KIND {
            0x00 => Self::CreateIndex { pages_per_range: fields.u32()?, version: fields.u16()? },
            0x10 => Self::Insert(Insert::decode(&mut fields)?),
            0x20 => Self::Update {
                old_offset: fields.u16()?,
                insert: Insert::decode(&mut Cursor::at(data, 4))?,
            },
            0x30 => Self::SamepageUpdate { offset: fields.u16()? },
            0x40 => Self::RevmapExtend { block: fields.u32()? },
            0x50 => Self::Desummarize {
                pages_per_range: fields.u32()?,
                heap_block: fields.u32()?,
                offset: fields.u16()?,
            },
            _ => return None,
        })
    }

    /// `brin_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::CreateIndex { pages_per_range, version } => {
                text.str("v").number(version).str(" pagesPerRange ").number(pages_per_range);
            }
            Self::Insert(insert) => {
                insert.write_range(text);
                text.str(" offnum ").number(insert.offset);
            }
            Self::Update { old_offset, insert } => {
                insert.write_range(text);
                text.str(" old offnum ").number(old_offset);
                text.str(", new offnum ").number(insert.offset);
            }
            Self::SamepageUpdate { offset } => _ = text.str("offnum ").number(offset),
            Self::RevmapExtend { block } => _ = text.str("targetBlk ").number(block),
            Self::Desummarize { pages_per_range, heap_block, offset } => {
                text.str("pagesPerRange ").number(pages_per_range);
                text.str(", heapBlk ").number(heap_block);
                text.str(", page offset ").number(offset);
            }
        }
    }
}
