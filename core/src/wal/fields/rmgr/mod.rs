//! What resource managers' records are made of: the fields of their main data, and of the data of
//! their blocks. A file for each; each says which of PostgreSQL's headers has the structures.
//!
//! What the texts say is read by [`crate::wal::rmgr`]; here is all that the records have, with its
//! place.

mod brin;
mod btree;
mod clog;
mod commit_ts;
mod dbase;
mod generic;
mod gin;
mod gist;
mod hash;
mod heap;
mod heap2;
mod invalidation;
mod logicalmsg;
mod multixact;
mod relmap;
mod replorigin;
mod sequence;
mod slru;
mod smgr;
mod spgist;
mod standby;
mod tablespace;
mod xact;
mod xlog;

use super::walk::Walk;
use crate::wal::{Record, RmgrId};

/// Reads the main data. `None`: it is shorter than its kind of record has to be, or more is in it than
/// a tree holds.
pub(super) fn main(walk: &mut Walk<'_>, record: &Record<'_>) -> Option<()> {
    match record.rmgr() {
        RmgrId::XLOG => xlog::main(walk, record),
        RmgrId::TRANSACTION => xact::main(walk, record),
        RmgrId::STORAGE => smgr::main(walk, record),
        RmgrId::CLOG => clog::main(walk, record),
        RmgrId::DATABASE => dbase::main(walk, record),
        RmgrId::TABLESPACE => tablespace::main(walk, record),
        RmgrId::MULTIXACT => multixact::main(walk, record),
        RmgrId::RELMAP => relmap::main(walk, record),
        RmgrId::STANDBY => standby::main(walk, record),
        RmgrId::HEAP2 => heap2::main(walk, record),
        RmgrId::HEAP => heap::main(walk, record),
        RmgrId::BTREE => btree::main(walk, record),
        RmgrId::HASH => hash::main(walk, record),
        RmgrId::GIN => gin::main(walk, record),
        RmgrId::GIST => gist::main(walk, record),
        RmgrId::SEQUENCE => sequence::main(walk, record),
        RmgrId::SPGIST => spgist::main(walk, record),
        RmgrId::BRIN => brin::main(walk, record),
        RmgrId::COMMIT_TS => commit_ts::main(walk, record),
        RmgrId::REPLICATION_ORIGIN => replorigin::main(walk, record),
        RmgrId::GENERIC => generic::regions(walk),
        RmgrId::LOGICAL_MESSAGE => logicalmsg::main(walk, record),
        _ => Some(()),
    }
}

/// Reads the data of a block reference. Nothing is said of indexes' rows beyond their header.
pub(super) fn block(walk: &mut Walk<'_>, record: &Record<'_>, block: u8) -> Option<()> {
    match record.rmgr() {
        RmgrId::HEAP2 => heap2::block(walk, record, block),
        RmgrId::HEAP => heap::block(walk, record, block),
        RmgrId::BTREE => btree::block(walk, record, block),
        RmgrId::HASH => hash::block(walk, record, block),
        RmgrId::GIN => gin::block(walk, record, block),
        RmgrId::GIST => gist::block(walk, record, block),
        RmgrId::GENERIC => generic::regions(walk),
        _ => Some(()),
    }
}

/// `IndexTupleData`, and what follows it to the end.
fn index_tuple(walk: &mut Walk<'_>) -> Option<()> {
    walk.group("tuple", |walk| {
        walk.tid("tid")?;
        walk.u16("info")?;
        walk.opaque_rest("key")
    })
}
