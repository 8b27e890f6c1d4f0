//! Btree: B-tree indexes (`nbtdesc.c`).

use super::list::List;
use super::text::Text;
use crate::types::{RelFileLocator, Xid};
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Btree says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Btree<'a> {
    /// An entry came: into a leaf, an inner page, an inner page below a root that the metapage now
    /// knows, or into the middle of a posting list.
    Insert {
        /// Its line pointer.
        offset: u16,
    },
    /// A page was split.
    Split(Split),
    /// Entries of a page were merged into posting lists.
    Dedup {
        /// How many posting lists.
        intervals: u16,
    },
    /// Dead entries went.
    Delete {
        /// Snapshots of standbys up to this transaction are in the way.
        snapshot_conflict_horizon: Xid,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
        /// The entries.
        entries: Removed<'a>,
    },
    /// An empty page was taken out between its neighbours.
    UnlinkPage(UnlinkPage),
    /// There is a new root.
    NewRoot {
        /// Its block.
        root: u32,
        /// How far it is above the leaves.
        level: u32,
    },
    /// The first step of deleting an empty page.
    MarkPageHalfdead {
        /// The line pointer in the parent.
        parent_offset: u16,
        /// The leaf.
        leaf: u32,
        /// The page to its left.
        left: u32,
        /// The page to its right.
        right: u32,
        /// The topmost page that goes with it.
        top_parent: u32,
    },
    /// `VACUUM` removed entries.
    Vacuum(Removed<'a>),
    /// A deleted page is used again.
    ReusePage {
        /// The index.
        locator: RelFileLocator,
        /// The page.
        block: u32,
        /// Snapshots of standbys up to this transaction are in the way; of 64 bits.
        snapshot_conflict_horizon: u64,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
    },
    /// `VACUUM` left a note in the metapage.
    MetaCleanup {
        /// How many deleted pages could not be used again yet.
        deleted_pages: u32,
    },
}

/// `xl_btree_split`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// How far the page is above the leaves.
    pub level: u32,
    /// The first line pointer that went to the right.
    pub first_right: u16,
    /// That of the new entry.
    pub new_item: u16,
    /// Where a posting list was split for it; 0 without one.
    pub posting: u16,
}

/// `xl_btree_unlink_page`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlinkPage {
    /// The page to its left; 0 without one.
    pub left: u32,
    /// The page to its right.
    pub right: u32,
    /// How far it is above the leaves.
    pub level: u32,
    /// When no transaction before this one runs, it may be used again; of 64 bits.
    pub safe_xid: u64,
    /// The page to the left of the leaf; 0 without one.
    pub leaf_left: u32,
    /// The page to the right of the leaf.
    pub leaf_right: u32,
    /// The next page above the leaf that goes with it.
    pub leaf_top_parent: u32,
}

/// Entries of a page that go, wholly or in part.
#[derive(Clone, Copy, Debug)]
pub struct Removed<'a> {
    /// How many go.
    pub deleted: u16,
    /// Of how many posting lists a part goes.
    pub updated: u16,
    /// Which; `None` where a page image stands for them.
    pub items: Option<RemovedItems<'a>>,
}

/// Which entries of a page go.
#[derive(Clone, Copy, Debug)]
pub struct RemovedItems<'a> {
    /// The line pointers of those that go.
    pub deleted: List<'a, u16>,
    updated: List<'a, u16>,
    updates: &'a [u8],
}

/// A posting list of which a part goes: `xl_btree_update`.
#[derive(Clone, Copy, Debug)]
pub struct PostingUpdate<'a> {
    /// Its line pointer.
    pub offset: u16,
    /// The positions in it that go, from 0 on.
    pub deleted: List<'a, u16>,
}

impl<'a> RemovedItems<'a> {
    fn decode(data: &'a [u8], deleted: u16, updated: u16) -> Option<Self> {
        let mut fields = Cursor::new(data);
        Some(Self {
            deleted: List::take(&mut fields, deleted.into())?,
            updated: List::take(&mut fields, updated.into())?,
            updates: fields.rest(),
        })
    }

    /// The posting lists of which a part goes.
    pub fn updated(&self) -> impl Iterator<Item = PostingUpdate<'a>> + use<'a> {
        let mut fields = Cursor::new(self.updates);
        self.updated.iter().map_while(move |offset| {
            let count = fields.u16()?;
            Some(PostingUpdate { offset, deleted: List::take(&mut fields, count.into())? })
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str(", deleted:").numbers(self.deleted.iter()).str(", updated:");
        text.array(self.updated(), |text, update| {
            text.str("{ off: ").number(update.offset);
            text.str(", nptids: ").number(update.deleted.len() as u64);
            text.str(", ptids:").numbers(update.deleted.iter()).str(" }");
        });
    }
}

impl<'a> Removed<'a> {
    fn decode(fields: &mut Cursor<'_>, record: &Record<'a>) -> Option<Self> {
        let (deleted, updated) = (fields.u16()?, fields.u16()?);
        let items =
            record.block_data(0).and_then(|data| RemovedItems::decode(data, deleted, updated));
        Some(Self { deleted, updated, items })
    }

    fn write_counts(&self, text: &mut Text<'_>) {
        if text.since(Version::V16) {
            text.str("ndeleted: ").number(self.deleted).str(", nupdated: ").number(self.updated);
        } else {
            text.str("ndeleted ").number(self.deleted).str("; nupdated ").number(self.updated);
        }
    }

    fn write_items(&self, text: &mut Text<'_>) {
        if let Some(items) = self.items.filter(|_| text.since(Version::V16)) {
            items.write(text);
        }
    }
}

impl Split {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            level: fields.u32()?,
            first_right: fields.u16()?,
            new_item: fields.u16()?,
            posting: fields.u16()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        let colon = if text.since(Version::V16) { ": " } else { " " };
        text.str("level").str(colon).number(self.level);
        text.str(", firstrightoff").str(colon).number(self.first_right);
        text.str(", newitemoff").str(colon).number(self.new_item);
        text.str(", postingoff").str(colon).number(self.posting);
    }
}

impl UnlinkPage {
    fn decode(data: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(data);
        let (left, right, level) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let mut fields = Cursor::at(data, 16);
        Some(Self {
            left,
            right,
            level,
            safe_xid: fields.u64()?,
            leaf_left: fields.u32()?,
            leaf_right: fields.u32()?,
            leaf_top_parent: fields.u32()?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        let (colon, comma) = separators(text);
        text.str("left").str(colon).number(self.left);
        text.str(comma).str("right").str(colon).number(self.right);
        text.str(comma).str("level").str(colon).number(self.level);
        text.str(comma).str("safexid").str(colon).full_xid(self.safe_xid);
        text.str(comma).str("leafleft").str(colon).number(self.leaf_left);
        text.str(comma).str("leafright").str(colon).number(self.leaf_right);
        text.str(comma).str("leaftopparent").str(colon).number(self.leaf_top_parent);
    }
}

/// What is between a name and its value, and between values.
fn separators(text: &Text<'_>) -> (&'static str, &'static str) {
    if text.since(Version::V16) { (": ", ", ") } else { (" ", "; ") }
}

/// What the last part of a record's text is, since PostgreSQL 17.
fn write_is_catalog(text: &mut Text<'_>, is_catalog: bool) {
    if text.since(Version::V17) {
        text.str(", isCatalogRel: ").truth(is_catalog);
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x00 => "INSERT_LEAF",
        0x10 => "INSERT_UPPER",
        0x20 => "INSERT_META",
        0x30 => "SPLIT_L",
        0x40 => "SPLIT_R",
        0x50 => "INSERT_POST",
        0x60 => "DEDUP",
        0x70 => "DELETE",
        0x80 => "UNLINK_PAGE",
        0x90 => "UNLINK_PAGE_META",
        0xA0 => "NEWROOT",
        0xB0 => "MARK_PAGE_HALFDEAD",
        0xC0 => "VACUUM",
        0xD0 => "REUSE_PAGE",
        0xE0 => "META_CLEANUP",
        _ => return None,
    })
}

impl<'a> Btree<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let data = record.main_data();
        let knows_catalogs = record.version() >= Version::V16;
        let mut fields = Cursor::new(data);
        Some(match record.info() {
            0x00..=0x20 | 0x50 => Self::Insert { offset: fields.u16()? },
            0x30 | 0x40 => Self::Split(Split::decode(&mut fields)?),
            0x60 => Self::Dedup { intervals: fields.u16()? },
            0x70 => Self::Delete {
                snapshot_conflict_horizon: fields.xid()?,
                entries: Removed::decode(&mut fields, record)?,
                is_catalog: knows_catalogs && fields.bool()?,
            },
            0x80 | 0x90 => Self::UnlinkPage(UnlinkPage::decode(data)?),
            0xA0 => Self::NewRoot { root: fields.u32()?, level: fields.u32()? },
            0xB0 => {
                let parent_offset = fields.u16()?;
                let mut fields = Cursor::at(data, 4);
                Self::MarkPageHalfdead {
                    parent_offset,
                    leaf: fields.u32()?,
                    left: fields.u32()?,
                    right: fields.u32()?,
                    top_parent: fields.u32()?,
                }
            }
            0xC0 => Self::Vacuum(Removed::decode(&mut fields, record)?),
            0xD0 => Self::ReusePage {
                locator: fields.locator()?,
                block: fields.u32()?,
                snapshot_conflict_horizon: fields.u64()?,
                is_catalog: knows_catalogs && fields.bool()?,
            },
            0xE0 => {
                let metadata = record.block_data(0)?;
                Self::MetaCleanup { deleted_pages: Cursor::at(metadata, 20).u32()? }
            }
            _ => return None,
        })
    }

    /// `btree_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        let newer = text.since(Version::V16);
        let (colon, comma) = separators(text);
        match self {
            Self::Insert { offset } => _ = text.str("off").str(colon).number(*offset),
            Self::Split(split) => split.write(text),
            Self::Dedup { intervals } => {
                text.str("nintervals").str(colon).number(*intervals);
            }
            Self::Delete { snapshot_conflict_horizon: xid, is_catalog, entries } => {
                text.str(if newer { "snapshotConflictHorizon" } else { "latestRemovedXid" });
                text.str(colon).number(xid.0).str(comma);
                entries.write_counts(text);
                write_is_catalog(text, *is_catalog);
                entries.write_items(text);
            }
            Self::UnlinkPage(page) => page.write(text),
            Self::NewRoot { level, .. } => {
                text.str(if newer { "level: " } else { "lev " }).number(*level);
            }
            Self::MarkPageHalfdead { leaf, left, right, top_parent, .. } => {
                text.str("topparent").str(colon).number(*top_parent);
                text.str(comma).str("leaf").str(colon).number(*leaf);
                text.str(comma).str("left").str(colon).number(*left);
                text.str(comma).str("right").str(colon).number(*right);
            }
            Self::Vacuum(entries) => {
                entries.write_counts(text);
                entries.write_items(text);
            }
            Self::ReusePage { locator, snapshot_conflict_horizon: xid, is_catalog, .. } => {
                text.str("rel").str(colon).locator(*locator).str(comma);
                text.str(if newer { "snapshotConflictHorizon" } else { "latestRemovedXid" });
                text.str(colon).full_xid(*xid);
                write_is_catalog(text, *is_catalog);
            }
            Self::MetaCleanup { deleted_pages } => {
                text.str("last_cleanup_num_delpages").str(colon).number(*deleted_pages);
            }
        }
    }
}
