//! SPGist: SP-GiST indexes (`spgdesc.c`).

use super::text::Text;
use crate::types::Xid;
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of SPGist says. An inner row has nodes, each of which leads to rows below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpGist {
    /// A leaf row came.
    AddLeaf(AddLeaf),
    /// Leaf rows went to another page.
    MoveLeafs(MoveLeafs),
    /// An inner row has a node more.
    AddNode(AddNode),
    /// An inner row's prefix became a row of its own.
    SplitTuple {
        /// The line pointer of the row with the prefix.
        prefix: u16,
        /// That of the one with the rest.
        postfix: u16,
        /// Whether the one with the rest is the first on its page.
        is_new_page: bool,
        /// Whether both are on one page.
        is_same_page: bool,
    },
    /// Leaf rows have an inner row above them from now on.
    PickSplit(PickSplit),
    /// `VACUUM` removed leaf rows.
    VacuumLeaf {
        /// How many became dead.
        dead: u16,
        /// How many became places that are free.
        placeholders: u16,
        /// How many went to another place.
        moved: u16,
        /// How many have another successor.
        chained: u16,
    },
    /// `VACUUM` removed leaf rows of the root.
    VacuumRoot {
        /// How many.
        deleted: u16,
    },
    /// `VACUUM` removed what led to rows that have gone elsewhere.
    VacuumRedirect {
        /// How many became places that are free.
        to_placeholders: u16,
        /// The first free place that went with all behind it.
        first_placeholder: u16,
        /// Snapshots of standbys up to this transaction are in the way.
        snapshot_conflict_horizon: Xid,
        /// Whether the table is a catalog; known since PostgreSQL 16.
        is_catalog: bool,
    },
}

/// Which node of which inner row leads to the rows that a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The inner row's line pointer; 0 without one.
    pub offset: u16,
    /// The node's number, from 0 on.
    pub node: u16,
}

/// `spgxlogAddLeaf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddLeaf {
    /// Whether the page is a new one.
    pub is_new_page: bool,
    /// Whether it is for rows without a value.
    pub stores_nulls: bool,
    /// The row's line pointer.
    pub offset: u16,
    /// That of the row before which it comes; 0 without one.
    pub head_offset: u16,
    /// What leads to it.
    pub parent: Parent,
}

/// `spgxlogMoveLeafs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveLeafs {
    /// How many rows went.
    pub moves: u16,
    /// Whether the page that they went to is a new one.
    pub is_new_page: bool,
    /// Whether one came to the place of a dead one.
    pub replaces_dead: bool,
    /// Whether the pages are for rows without a value.
    pub stores_nulls: bool,
    /// What leads to them.
    pub parent: Parent,
}

/// `spgxlogAddNode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddNode {
    /// The inner row's line pointer.
    pub offset: u16,
    /// Its line pointer on the page that it went to; 0 if it stayed.
    pub new_offset: u16,
    /// Whether that page is a new one.
    pub is_new_page: bool,
    /// Which block reference has the inner row above it: 0 to 2; -1 if it stayed.
    pub parent_block: i8,
    /// What leads to it.
    pub parent: Parent,
}

/// `spgxlogPickSplit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickSplit {
    /// Whether the root was split.
    pub is_root_split: bool,
    /// How many rows went.
    pub deletes: u16,
    /// How many came.
    pub inserts: u16,
    /// The inner row's line pointer.
    pub inner_offset: u16,
    /// Whether the pages are for rows without a value.
    pub stores_nulls: bool,
    /// Whether the inner row is on the page of the one above it.
    pub inner_is_parent: bool,
    /// What leads to it.
    pub parent: Parent,
}

impl Parent {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self { offset: fields.u16()?, node: fields.u16()? })
    }

    fn write(self, text: &mut Text<'_>) {
        text.str(", parentoff: ").number(self.offset).str(", nodeI: ").number(self.node);
    }
}

impl AddLeaf {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            is_new_page: fields.bool()?,
            stores_nulls: fields.bool()?,
            offset: fields.u16()?,
            head_offset: fields.u16()?,
            parent: Parent::decode(fields)?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("off: ").number(self.offset).str(", headoff: ").number(self.head_offset);
        self.parent.write(text);
        write_marks(text, &[(self.is_new_page, "newpage"), (self.stores_nulls, "nulls")]);
    }
}

impl MoveLeafs {
    fn decode(data: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(data);
        Some(Self {
            moves: fields.u16()?,
            is_new_page: fields.bool()?,
            replaces_dead: fields.bool()?,
            stores_nulls: fields.bool()?,
            parent: Parent::decode(&mut Cursor::at(data, 6))?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("nmoves: ").number(self.moves);
        self.parent.write(text);
        write_marks(
            text,
            &[
                (self.is_new_page, "newpage"),
                (self.replaces_dead, "replacedead"),
                (self.stores_nulls, "nulls"),
            ],
        );
    }
}

impl AddNode {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            offset: fields.u16()?,
            new_offset: fields.u16()?,
            is_new_page: fields.bool()?,
            parent_block: fields.i8()?,
            parent: Parent::decode(fields)?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("off: ").number(self.offset).str(", newoff: ").number(self.new_offset);
        text.str(", parentBlk: ").signed(self.parent_block);
        self.parent.write(text);
        write_marks(text, &[(self.is_new_page, "newpage")]);
    }
}

impl PickSplit {
    fn decode(data: &[u8]) -> Option<Self> {
        let is_root_split = Cursor::new(data).bool()?;
        let mut fields = Cursor::at(data, 2);
        let (deletes, inserts) = (fields.u16()?, fields.u16()?);
        let inner_offset = Cursor::at(data, 8).u16()?;
        let mut fields = Cursor::at(data, 11);
        Some(Self {
            is_root_split,
            deletes,
            inserts,
            inner_offset,
            stores_nulls: fields.bool()?,
            inner_is_parent: fields.bool()?,
            parent: Parent::decode(&mut Cursor::at(data, 14))?,
        })
    }

    fn write(&self, text: &mut Text<'_>) {
        text.str("ndelete: ").number(self.deletes).str(", ninsert: ").number(self.inserts);
        text.str(", inneroff: ").number(self.inner_offset);
        self.parent.write(text);
        write_marks(
            text,
            &[
                (self.inner_is_parent, "innerIsParent"),
                (self.stores_nulls, "nulls"),
                (self.is_root_split, "isRootSplit"),
            ],
        );
    }
}

/// ` (a) (b)` of those that hold.
fn write_marks(text: &mut Text<'_>, marks: &[(bool, &str)]) {
    for (_, mark) in marks.iter().filter(|(holds, _)| *holds) {
        text.str(" (").str(mark).str(")");
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    Some(match info & 0xF0 {
        0x10 => "ADD_LEAF",
        0x20 => "MOVE_LEAFS",
        0x30 => "ADD_NODE",
        0x40 => "SPLIT_TUPLE",
        0x50 => "PICKSPLIT",
        0x60 => "VACUUM_LEAF",
        0x70 => "VACUUM_ROOT",
        0x80 => "VACUUM_REDIRECT",
        _ => return None,
    })
}

impl SpGist {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'_>) -> Option<Self> {
        let data = record.main_data();
        let mut fields = Cursor::new(data);
        Some(match record.info() {
            0x10 => Self::AddLeaf(AddLeaf::decode(&mut fields)?),
            0x20 => Self::MoveLeafs(MoveLeafs::decode(data)?),
            0x30 => Self::AddNode(AddNode::decode(&mut fields)?),
            0x40 => Self::SplitTuple {
                prefix: fields.u16()?,
                postfix: fields.u16()?,
                is_new_page: fields.bool()?,
                is_same_page: fields.bool()?,
            },
            0x50 => Self::PickSplit(PickSplit::decode(data)?),
            0x60 => Self::VacuumLeaf {
                dead: fields.u16()?,
                placeholders: fields.u16()?,
                moved: fields.u16()?,
                chained: fields.u16()?,
            },
            0x70 => Self::VacuumRoot { deleted: fields.u16()? },
            0x80 => Self::VacuumRedirect {
                to_placeholders: fields.u16()?,
                first_placeholder: fields.u16()?,
                snapshot_conflict_horizon: fields.xid()?,
                is_catalog: record.version() >= Version::V16 && fields.bool()?,
            },
            _ => return None,
        })
    }

    /// `spg_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::AddLeaf(leaf) => leaf.write(text),
            Self::MoveLeafs(moves) => moves.write(text),
            Self::AddNode(node) => node.write(text),
            Self::SplitTuple { prefix, postfix, is_new_page, is_same_page } => {
                text.str("prefixoff: ").number(prefix).str(", postfixoff: ").number(postfix);
                write_marks(text, &[(is_new_page, "newpage"), (is_same_page, "same")]);
            }
            Self::PickSplit(split) => split.write(text),
            Self::VacuumLeaf { dead, placeholders, moved, chained } => {
                text.str("ndead: ").number(dead).str(", nplaceholder: ").number(placeholders);
                text.str(", nmove: ").number(moved).str(", nchain: ").number(chained);
            }
            Self::VacuumRoot { deleted } => _ = text.str("ndelete: ").number(deleted),
            Self::VacuumRedirect {
                to_placeholders,
                first_placeholder,
                snapshot_conflict_horizon,
                is_catalog,
            } => {
                text.str("ntoplaceholder: ").number(to_placeholders);
                text.str(", firstplaceholder: ").number(first_placeholder);
                text.str(if text.since(Version::V16) {
                    ", snapshotConflictHorizon: "
                } else {
                    ", newestredirectxid: "
                });
                text.number(snapshot_conflict_horizon.0);
                if text.since(Version::V17) {
                    text.str(", isCatalogRel: ").truth(is_catalog);
                }
            }
        }
    }
}
