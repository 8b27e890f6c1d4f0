//! Gin: GIN indexes (`gindesc.c`).

use super::text::Text;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// Flags of [`Gin::Insert`] and [`Gin::Split`].
pub mod flag {
    /// The page is of a posting tree.
    pub const IS_DATA: u16 = 1;
    /// The page is a leaf.
    pub const IS_LEAF: u16 = 1 << 1;
    /// The page was the root.
    pub const SPLIT_ROOT: u16 = 1 << 2;
}

/// What a record of Gin says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Gin<'a> {
    /// A key has so many rows from now on that they are in a tree of their own.
    CreatePostingTree,
    /// Something came into a page.
    Insert {
        /// What page it is: see [`flag`].
        flags: u16,
        /// In an inner page: the page below that was split, and its new neighbour.
        children: Option<(u32, u32)>,
        /// What came.
        change: Change<'a>,
    },
    /// A page was split.
    Split {
        /// What page it was: see [`flag`].
        flags: u16,
    },
    /// `VACUUM` removed rows from a page of keys.
    VacuumPage,
    /// `VACUUM` removed rows from a leaf of a posting tree.
    VacuumDataLeafPage(Change<'a>),
    /// An empty page of a posting tree went.
    DeletePage,
    /// Rows went to the pending list.
    UpdateMetaPage,
    /// The pending list has a page more.
    InsertListPage,
    /// Pages of the pending list went.
    DeleteListPage {
        /// How many.
        deleted: i32,
    },
}

/// What became of a page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Change<'a> {
    /// A page image stands for it.
    Image {
        /// Whether redo applies it; if not, it is there to be compared.
        apply: bool,
    },
    /// A key came.
    Entry {
        /// Whether it replaces the one at its place.
        is_delete: bool,
    },
    /// Segments of a leaf of a posting tree were written anew.
    Segments(Segments<'a>),
    /// An inner page of a posting tree has an item more.
    PostingItem {
        /// Where.
        offset: u16,
        /// The page below.
        child: u32,
        /// The block of the row that is the page's highest.
        block: u32,
        /// That row's line pointer.
        row_offset: u16,
    },
}

/// What became of a leaf's segments: `ginxlogRecompressDataLeaf`.
#[derive(Clone, Copy, Debug)]
pub struct Segments<'a> {
    /// How many changed.
    pub count: u16,
    bytes: &'a [u8],
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number on the page.
    pub number: u8,
    /// What became of it.
    pub action: SegmentAction,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentAction {
    /// It went.
    Delete,
    /// It came.
    Insert,
    /// Another one took its place.
    Replace,
    /// Rows came into it.
    AddItems {
        /// How many.
        count: u16,
    },
    /// Something else. Nothing can be read behind it.
    Unknown(u8),
}

impl<'a> Segments<'a> {
    fn decode(data: &'a [u8]) -> Option<Self> {
        let mut fields = Cursor::new(data);
        Some(Self { count: fields.u16()?, bytes: fields.rest() })
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Segment> + use<'a> {
        let mut fields = Cursor::new(self.bytes);
        (0..self.count).map_while(move |_| Segment::take(&mut fields))
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str(" ").number(self.count).str(" segments:");
        for segment in self.iter() {
            text.str(" ").number(segment.number);
            match segment.action {
                SegmentAction::Delete => text.str(" (delete)"),
                SegmentAction::Insert => text.str(" (insert)"),
                SegmentAction::Replace => text.str(" (replace)"),
                SegmentAction::AddItems { count } => {
                    text.str(" (add ").number(count).str(" items)")
                }
                SegmentAction::Unknown(action) => {
                    text.str(" unknown action ").number(action).str(" ???")
                }
            };
        }
    }
}

impl Segment {
    fn take(fields: &mut Cursor<'_>) -> Option<Self> {
        let (number, action) = (fields.u8()?, fields.u8()?);
        let action = match action {
            1 => SegmentAction::Delete,
            2 => {
                skip_posting_list(fields)?;
                SegmentAction::Insert
            }
            3 => {
                skip_posting_list(fields)?;
                SegmentAction::Replace
            }
            4 => {
                const ITEM: usize = 6;
                let count = fields.u16()?;
                fields.bytes(ITEM.checked_mul(count.into())?)?;
                SegmentAction::AddItems { count }
            }
            unknown => {
                fields.bytes(fields.rest().len())?;
                SegmentAction::Unknown(unknown)
            }
        };
        Some(Self { number, action })
    }
}

/// A `GinPostingList`: the first row, a length, and so many bytes with one more to make them even.
fn skip_posting_list(fields: &mut Cursor<'_>) -> Option<()> {
    let _first = fields.array::<6>()?;
    let length = usize::from(fields.u16()?);
    fields.bytes(length.next_multiple_of(2)).map(|_| ())
}

/// A block number, the upper half first.
fn block_number(fields: &mut Cursor<'_>) -> Option<u32> {
    let (high, low) = (fields.u16()?, fields.u16()?);
    Some(u32::from(high) << 16 | u32::from(low))
}

impl<'a> Change<'a> {
    /// What became of the first block; without a page image, `of` says it from the block's data.
    fn decode(record: &Record<'a>, of: impl FnOnce(&'a [u8]) -> Option<Self>) -> Option<Self> {
        let block = record.block(0)?;
        match block.image() {
            Some(image) => Some(Self::Image { apply: image.apply() }),
            None => of(block.data()?),
        }
    }

    fn inserted(data: &'a [u8], flags: u16) -> Option<Self> {
        let mut fields = Cursor::new(data);
        if flags & flag::IS_DATA == 0 {
            return Some(Self::Entry { is_delete: Cursor::at(data, 2).bool()? });
        }
        if flags & flag::IS_LEAF != 0 {
            return Segments::decode(data).map(Self::Segments);
        }
        Some(Self::PostingItem {
            offset: fields.u16()?,
            child: block_number(&mut fields)?,
            block: block_number(&mut fields)?,
            row_offset: fields.u16()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::Image { apply: true } => _ = text.str(" (full page image)"),
            Self::Image { apply: false } => {
                text.str(" (full page image, for WAL verification)");
            }
            Self::Entry { is_delete } => _ = text.str(" isdelete: ").truth(*is_delete),
            Self::Segments(segments) => segments.write(text),
            Self::PostingItem { child, block, row_offset, .. } => {
                text.str(" pitem: ").number(*child).str("-").number(*block);
                text.str("/").number(*row_offset);
            }
        }
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x10 => "CREATE_PTREE",
        0x20 => "INSERT",
        0x30 => "SPLIT",
        0x40 => "VACUUM_PAGE",
        0x50 => "DELETE_PAGE",
        0x60 => "UPDATE_META_PAGE",
        0x70 => "INSERT_LISTPAGE",
        0x80 => "DELETE_LISTPAGE",
        0x90 => "VACUUM_DATA_LEAF_PAGE",
        _ => return None,
    })
}

impl<'a> Gin<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        /// The metapage's content (`GinMetaPageData`), which the number of pages follows.
        const META_PAGE_DATA: usize = 56;
        /// Where the flags of a split are.
        const SPLIT_FLAGS: usize = 24;
        let data = record.main_data();
        let mut fields = Cursor::new(data);
        Some(match record.info() {
            0x10 => Self::CreatePostingTree,
            0x20 => {
                let flags = fields.u16()?;
                let mut children = None;
                if flags & flag::IS_LEAF == 0 {
                    children = Some((block_number(&mut fields)?, block_number(&mut fields)?));
                }
                let change = Change::decode(record, |data| Change::inserted(data, flags))?;
                Self::Insert { flags, children, change }
            }
            0x30 => Self::Split { flags: Cursor::at(data, SPLIT_FLAGS).u16()? },
            0x40 => Self::VacuumPage,
            0x50 => Self::DeletePage,
            0x60 => Self::UpdateMetaPage,
            0x70 => Self::InsertListPage,
            0x80 => Self::DeleteListPage { deleted: Cursor::at(data, META_PAGE_DATA).i32()? },
            0x90 => {
                let segments = |data| Segments::decode(data).map(Change::Segments);
                Self::VacuumDataLeafPage(Change::decode(record, segments)?)
            }
            _ => return None,
        })
    }

    /// `gin_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::Insert { flags, children, change } => {
                write_flags(text, *flags);
                if let Some((left, right)) = children {
                    text.str(" children: ").number(*left).str("/").number(*right);
                }
                change.write(text);
            }
            Self::Split { flags } => {
                text.str("isrootsplit: ").truth(flags & flag::SPLIT_ROOT != 0).str(" ");
                write_flags(text, *flags);
            }
            Self::VacuumDataLeafPage(change) => change.write(text),
            Self::DeleteListPage { deleted } => _ = text.str("ndeleted: ").signed(*deleted),
            Self::CreatePostingTree
            | Self::VacuumPage
            | Self::DeletePage
            | Self::UpdateMetaPage
            | Self::InsertListPage => {}
        }
    }
}

fn write_flags(text: &mut Text<'_>, flags: u16) {
    text.str("isdata: ").truth(flags & flag::IS_DATA != 0);
    text.str(" isleaf: ").truth(flags & flag::IS_LEAF != 0);
}
