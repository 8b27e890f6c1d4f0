//! A record as a tree of fields.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use super::rmgr;
use super::walk::Walk;
use crate::dump::{Content, Node, REST, Value};
use crate::wal::block::{Entry, flag, part};
use crate::wal::record::RECORD_HEADER;
use crate::wal::{Fork, Record};

/// `fork_flags`, but for the fork.
const BLOCK_FLAGS: &[(u32, &str)] = &[
    (flag::HAS_IMAGE as u32, "HAS_IMAGE"),
    (flag::HAS_DATA as u32, "HAS_DATA"),
    (flag::WILL_INIT as u32, "WILL_INIT"),
    (flag::SAME_REL as u32, "SAME_REL"),
];

/// `bimg_info`, whose bits have other places in PostgreSQL 14.
const IMAGE_FLAGS: &[(u32, &str)] = &[
    (0x01, "HAS_HOLE"),
    (0x02, "APPLY"),
    (0x04, "COMPRESS_PGLZ"),
    (0x08, "COMPRESS_LZ4"),
    (0x10, "COMPRESS_ZSTD"),
];
const IMAGE_FLAGS_14: &[(u32, &str)] =
    &[(0x01, "HAS_HOLE"), (0x02, "IS_COMPRESSED"), (0x04, "APPLY")];

impl<'a> Record<'a> {
    /// All of the record as a tree. Ranges are those of [`bytes`](Self::bytes), which has no pages'
    /// headers in between: [`position`](Self::position) says where in the log each byte is,
    /// [`SegmentSize::number`](crate::wal::SegmentSize::number) and
    /// [`offset`](crate::wal::SegmentSize::offset) in which file and where in it.
    ///
    /// | node | fields |
    /// |---|---|
    /// | `header` | `XLogRecord` |
    /// | `block 0` … | a block reference: number, fork, flags, lengths, the page image's header, the relation, the block |
    /// | `origin`, `toplevelXid`, `mainDataLength` | with the byte that announces each |
    /// | `image 0` … | a page image, as it is: [`restore_image`](Self::restore_image) makes the page |
    /// | `data 0` … | the data of a block: [`block_fields`](Self::block_fields) |
    /// | `mainData` | [`main_fields`](Self::main_fields) |
    pub fn tree(&self) -> Node<'a> {
        let mut walk = Walk::new(self.bytes(), 0..self.bytes().len(), self.version());
        // What is cut off becomes the node of the rest; a decoded record has all of this.
        let _ = self.parts(&mut walk);
        Node {
            name: Cow::Borrowed("record"),
            range: 0..self.bytes().len(),
            content: Content::Group(walk.finish()),
        }
    }

    /// The fields of the main data, which are the resource manager's own.
    pub fn main_fields(&self) -> Node<'a> {
        self.fields(Cow::Borrowed("mainData"), self.main_range(), 0, rmgr::main).0
    }

    /// The fields of the data of a block reference, which are the resource manager's own too; bytes
    /// that are not taken apart where nothing is known of them. `None`: it has no data.
    pub fn block_fields(&self, id: u8) -> Option<Node<'a>> {
        let entry = self.entries().iter().find(|entry| entry.id == id)?;
        self.data(entry, 0).map(|(node, _)| node)
    }

    fn data(&self, entry: &Entry, used: usize) -> Option<(Node<'a>, usize)> {
        if entry.data_length == 0 {
            return None;
        }
        let name = format!("data {}", entry.id).into();
        Some(self.fields(name, entry.data_range(), used, |walk, record| {
            rmgr::block(walk, record, entry.id)
        }))
    }

    /// A part of the record, and how many nodes there are with it.
    fn fields(
        &self,
        name: Cow<'static, str>,
        range: Range<usize>,
        used: usize,
        read: impl FnOnce(&mut Walk<'a>, &Self) -> Option<()>,
    ) -> (Node<'a>, usize) {
        let mut walk = Walk::new(self.bytes(), range.clone(), self.version());
        walk.spend(used);
        // What could not be read becomes the node of the rest.
        let _ = read(&mut walk, self);
        let used = walk.used();
        let nodes: Vec<_> = walk.finish();
        let is_unknown =
            matches!(nodes.as_slice(), [only] if only.range == range && only.name == REST);
        let content = if is_unknown { Content::Opaque } else { Content::Group(nodes) };
        (Node { name, range, content }, used)
    }

    fn parts(&self, walk: &mut Walk<'a>) -> Option<()> {
        walk.group("header", header)?;
        let mut blocks = self.entries().iter();
        let data = self.entries().first().map_or(self.main_range().start, |entry| entry.image_at);
        while walk.offset() < data {
            let announced = |walk: &mut Walk<'a>| walk.u8("id").map(|_| ());
            match *walk.rest().first()? {
                part::TOPLEVEL_XID => walk.group("toplevelXid", |walk| {
                    announced(walk)?;
                    walk.u32("xid").map(|_| ())
                })?,
                part::ORIGIN => walk.group("origin", |walk| {
                    announced(walk)?;
                    walk.u16("origin").map(|_| ())
                })?,
                part::LONG_DATA => walk.group("mainDataLength", |walk| {
                    announced(walk)?;
                    walk.u32("length").map(|_| ())
                })?,
                part::SHORT_DATA => walk.group("mainDataLength", |walk| {
                    announced(walk)?;
                    walk.u8("length").map(|_| ())
                })?,
                _ => {
                    let entry = blocks.next()?;
                    let name = format!("block {}", entry.id);
                    walk.group(name, |walk| self.reference(walk, entry))?;
                }
            }
        }
        for entry in self.entries() {
            let image = entry.image_range().len();
            if image > 0 {
                walk.opaque(format!("image {}", entry.id), image)?;
            }
            if let Some((node, used)) = self.data(entry, walk.used()) {
                walk.put(node, used);
            }
        }
        if !self.main_range().is_empty() {
            let (node, used) =
                self.fields("mainData".into(), self.main_range(), walk.used(), rmgr::main);
            walk.put(node, used);
        }
        Some(())
    }

    /// `XLogRecordBlockHeader`, and what follows it.
    fn reference(&self, walk: &mut Walk<'a>, entry: &Entry) -> Option<()> {
        walk.u8("id")?;
        let fork = Fork(entry.flags & flag::FORK);
        let named = Value::Named { number: i64::from(fork.0), name: fork.name() };
        // Both are one byte.
        walk.note("fork", 1, named)?;
        walk.flags8_masked("flags", !flag::FORK, BLOCK_FLAGS)?;
        walk.u16("dataLength")?;
        if let Some(image) = entry.image {
            walk.group("imageHeader", |walk| {
                let names = if self.version().major() < 15 { IMAGE_FLAGS_14 } else { IMAGE_FLAGS };
                walk.u16("length")?;
                walk.u16("holeOffset")?;
                walk.flags8("info", names)?;
                if image.has_hole_length(self.version()) {
                    walk.u16("holeLength")?;
                }
                Some(())
            })?;
        }
        if entry.flags & flag::SAME_REL == 0 {
            walk.locator("relation")?;
        }
        walk.u32("block").map(|_| ())
    }
}

/// `XLogRecord`
fn header(walk: &mut Walk<'_>) -> Option<()> {
    walk.u32("totalLength")?;
    walk.u32("xid")?;
    walk.lsn("prev")?;
    walk.u8("info")?;
    walk.named8("rmgr", |id| crate::wal::RmgrId(id).name())?;
    walk.to(RECORD_HEADER.saturating_sub(4))?;
    walk.u32("crc").map(|_| ())
}
