//! The write-ahead log itself, as it lies in `pg_wal`, in archives, and in what a physical replication
//! connection sends: pages, records that go over pages and segments, block references and page images,
//! of PostgreSQL 14 to 18 on little-endian machines.
//!
//! [`Reader`] takes bytes as they come and gives [`Record`]s. It checks what PostgreSQL's own
//! `xlogreader` checks, in that order, and says in its words what is wrong.
//!
//! A [`Record`] gives its header, [`Block`] references and main data; [`describe`](Record::describe) is
//! its text, [`tree`](Record::tree) all of its fields with their places;
//! [`restore_image`](Record::restore_image) makes a page of a page image; [`rows`] are what it does to
//! tables.
//!
//! `src/include/access/xlogrecord.h`, `xlog_internal.h` and
//! `src/backend/access/transam/xlogreader.c` describe what is read here.

mod block;
#[cfg(feature = "alloc")]
mod checks;
mod crc;
mod cursor;
#[cfg(feature = "alloc")]
mod digits;
mod error;
mod fields;
mod image;
#[cfg(feature = "alloc")]
pub mod index;
#[cfg(feature = "alloc")]
mod line;
#[cfg(feature = "alloc")]
mod options;
mod page;
mod pglz;
#[cfg(feature = "alloc")]
mod reader;
mod record;
pub mod rmgr;
#[cfg(feature = "alloc")]
pub mod rows;
#[cfg(feature = "alloc")]
mod scan;
mod segment;
#[cfg(feature = "alloc")]
mod state;
#[cfg(feature = "alloc")]
pub mod stats;
mod version;
mod window;
mod zstd;

pub use block::{BLOCK_SIZE, Block, BlockTable, Fork, MAX_BLOCK_ID, flag as block_flag};
pub use error::{Error, ErrorKind};
pub use fields::Field;
pub use image::{Compression, Image, Page};
#[cfg(feature = "alloc")]
pub use line::{Lines, Name};
pub use page::{LONG_HEADER, LongHeader, PAGE_SIZE, PageHeader, SHORT_HEADER, flag as page_flag};
pub use record::{
    MAX_RECORD, RECORD_HEADER, RMGR_INFO, Record, RecordHeader, RecordPlace, crc_is_right,
};
pub use rmgr::RmgrId;
#[cfg(feature = "alloc")]
pub use rmgr::{Utc, Zone, ZoneTime};
pub use segment::{SegmentName, SegmentSize};
pub use version::Version;
#[cfg(feature = "alloc")]
pub use {
    options::Options,
    reader::{Joint, Reader},
    scan::{Found, Problem, Scanner},
};
