//! Records as text, a line each (`XLogDumpDisplayRecord`).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::block::{BLOCK_SIZE, Block, Fork};
use super::digits::{Kept, Piece, ten};
use super::image::Image;
use super::record::Record;
use super::rmgr::Zone;
use super::version::Version;
use crate::types::{RelFileLocator, Xid};

/// The first number that has so many.
const SEVEN_DIGITS: u32 = 1_000_000;

impl Record<'_> {
    /// Appends the line that `pg_waldump` prints of it to `out`; with `details` (`--bkp-details`) each
    /// block reference has a line of its own.
    pub fn write_line(&self, details: bool, zone: &dyn Zone, out: &mut Vec<u8>) {
        Lines::default().write(self, details, zone, None, out);
    }
}

/// How many relations are kept: a table, its indexes, and the tables of others who write at the same
/// time.
const RELATIONS: usize = 16;

/// What a relation is called, where that is known.
pub type Name<'n> = &'n dyn Fn(&Block<'_>) -> Option<String>;

/// Writes the lines of many records. What comes again in most of them, the transaction and the relations,
/// is made into text once.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    xid: Kept<Xid, 10>,
    relations: [Kept<RelFileLocator, 32>; RELATIONS],
}

impl Lines {
    /// Appends the line of a record ([`Record::write_line`]) to `out`. Names of relations, which `name`
    /// knows, stand behind their numbers.
    pub fn write(
        &mut self,
        record: &Record<'_>,
        details: bool,
        zone: &dyn Zone,
        name: Option<Name<'_>>,
        out: &mut Vec<u8>,
    ) {
        self.write_head(record, out);
        match record.identify() {
            Some(name) => put(out, name),
            None => display(out, format_args!("UNKNOWN ({:x})", record.info())),
        }
        put(out, " ");
        record.describe(out, zone);
        if details {
            put(out, "\n");
        }
        for block in record.blocks() {
            let relation = self.relation(block.locator());
            let name = name.and_then(|name| name(&block));
            write_reference(&block, relation, details, record.version(), name, out);
        }
        if !details {
            put(out, "\n");
        }
    }

    fn write_head(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let header = record.header();
        let (total, length, xid) =
            (header.total_length, record.length_without_images(), header.xid);
        let name = record.rmgr().padded_name().filter(|_| total < SEVEN_DIGITS);
        let rmgr = record.rmgr();
        if name.is_none() {
            display(out, format_args!("rmgr: {rmgr:<11} len (rec/tot): {length:6}/{total:6}"));
        }
        let xid = self.xid.of(xid, |piece| _ = piece.put(&ten(xid.0)));
        Piece::append(out, |piece| {
            if let Some(name) = name {
                piece.put(b"rmgr: ").put(name).put(b" len (rec/tot): ").six(length);
                piece.put(b"/").six(total);
            }
            piece.put(b", tx: ").kept(xid).put(b", lsn: ").lsn(record.lsn());
            piece.put(b", prev ").lsn(header.prev).put(b", desc: ");
        });
    }

    /// Its numbers.
    #[inline]
    fn relation(&mut self, locator: RelFileLocator) -> Option<&Kept<RelFileLocator, 32>> {
        // Numbers that are near each other, and others, go to different places (Fibonacci hashing).
        let hash = locator.relation.0.wrapping_mul(0x9E37_79B9) >> 16;
        let relation = self.relations.get_mut(hash as usize % RELATIONS)?;
        Some(relation.of(locator, |piece| {
            piece.decimal(locator.tablespace.0).put(b"/").decimal(locator.database.0);
            piece.put(b"/").decimal(locator.relation.0);
        }))
    }
}

/// `XLogRecGetBlockRefInfo`
fn write_reference(
    block: &Block<'_>,
    relation: Option<&Kept<RelFileLocator, 32>>,
    details: bool,
    version: Version,
    name: Option<String>,
    out: &mut Vec<u8>,
) {
    let fork = block.fork();
    let has_fork = details || fork != Fork::MAIN;
    let is_plain = name.is_none() && !has_fork;
    Piece::append(out, |piece| {
        if details {
            piece.put(b"\tblkref #");
        } else {
            piece.put(b", blkref #");
        }
        piece.decimal(block.id().into()).put(b": rel ");
        if let Some(relation) = relation {
            piece.kept(relation);
        }
        if is_plain {
            piece.put(b" blk ").decimal(block.number());
        }
    });
    if let Some(name) = name {
        display(out, format_args!(" {name}"));
    }
    if has_fork {
        display(out, format_args!(" fork {fork}"));
    }
    if !is_plain {
        display(out, format_args!(" blk {}", block.number()));
    }
    if let Some(image) = block.image() {
        let purpose = if image.apply() { "" } else { " for WAL verification" };
        if details {
            display(out, format_args!(" (FPW{purpose}); "));
            write_image(&image, version, out);
        } else {
            put(out, " FPW");
            put(out, purpose);
        }
    }
    if details {
        put(out, "\n");
    }
}

fn write_image(image: &Image<'_>, version: Version, out: &mut Vec<u8>) {
    let (offset, length) = (image.hole_offset(), image.hole_length());
    display(out, format_args!("hole: offset: {offset}, length: {length}"));
    let Some(method) = image.compression() else { return };
    let saved = u32::from(BLOCK_SIZE)
        .wrapping_sub(length.into())
        .wrapping_sub(u32::try_from(image.bytes().len()).unwrap_or(u32::MAX));
    display(out, format_args!(", compression saved: {saved}"));
    if version >= Version::V15 {
        display(out, format_args!(", method: {}", method.name()));
    }
}

#[inline]
fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// What is seldom printed.
fn display(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    put(out, &format!("{text}"));
}
