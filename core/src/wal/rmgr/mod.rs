//! Resource managers: whose record it is, what it is called, and what it says, in the words of
//! `pg_waldump` of the version that wrote it.
//!
//! Each manager has a file: the names of its kinds of record (`identify`), what they say as types
//! (`decode`), and as text (`write`).

mod id;

#[cfg(feature = "alloc")]
pub mod brin;
#[cfg(feature = "alloc")]
pub mod btree;
#[cfg(feature = "alloc")]
pub mod clog;
#[cfg(feature = "alloc")]
pub mod commit_ts;
#[cfg(feature = "alloc")]
pub mod dbase;
#[cfg(feature = "alloc")]
mod float;
#[cfg(feature = "alloc")]
pub mod generic;
#[cfg(feature = "alloc")]
pub mod gin;
#[cfg(feature = "alloc")]
pub mod gist;
#[cfg(feature = "alloc")]
pub mod hash;
#[cfg(feature = "alloc")]
pub mod heap;
#[cfg(feature = "alloc")]
pub mod heap2;
#[cfg(feature = "alloc")]
mod invalidation;
#[cfg(feature = "alloc")]
mod list;
#[cfg(feature = "alloc")]
pub mod logicalmsg;
#[cfg(feature = "alloc")]
pub mod multixact;
#[cfg(feature = "alloc")]
mod prepare;
#[cfg(feature = "alloc")]
mod prune;
#[cfg(feature = "alloc")]
pub mod relmap;
#[cfg(feature = "alloc")]
pub mod replorigin;
#[cfg(feature = "alloc")]
pub mod sequence;
#[cfg(feature = "alloc")]
mod slru;
#[cfg(feature = "alloc")]
pub mod smgr;
#[cfg(feature = "alloc")]
pub mod spgist;
#[cfg(feature = "alloc")]
pub mod standby;
#[cfg(feature = "alloc")]
pub mod tablespace;
#[cfg(feature = "alloc")]
mod text;
#[cfg(feature = "alloc")]
pub mod xact;
#[cfg(feature = "alloc")]
pub mod xlog;
#[cfg(feature = "alloc")]
mod zone;

#[cfg(feature = "alloc")]
mod describe;

pub use id::RmgrId;

#[cfg(feature = "alloc")]
pub use {
    describe::identify,
    invalidation::{Invalidation, Invalidations},
    list::{Item, List},
    prepare::Prepare,
    prune::{FreezePage, FreezePlan, FreezePlans, OldPrune, Prune, Pruned, Redirection},
    zone::{Utc, Zone, ZoneTime},
};
