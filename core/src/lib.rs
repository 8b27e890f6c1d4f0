//! walscope-core understands PostgreSQL's write-ahead log: it decodes the logical replication
//! protocol (pgoutput, versions 1 to 4) and the log itself ([`wal`]) from byte slices. It does no IO,
//! needs no standard library and has no dependencies but those that features bring; whoever has the
//! bytes calls it: the `walscope` client, the Node addon, the wasm package, or a program of your own.
//!
//! It is *not* a client: nothing here opens a socket, knows a file or reads a clock.
//!
//! # The canonical loop
//!
//! Bytes come in as they come; [`frame::FrameDecoder`] splits messages off, never buffering;
//! [`ReplicationMessage`] reads the envelope; [`pgoutput::Decoder`] reads what the output plugin
//! wrote. Everything borrows from the input.
//!
//! ```
//! use walscope_core::frame::{FrameDecoder, Step};
//! use walscope_core::pgoutput::{Decoder, Message};
//! use walscope_core::{ReplicationMessage, Result};
//!
//! /// Counts the rows inserted in `input`, and says how much of it was whole messages.
//! fn inserted(mut input: &[u8]) -> Result<(usize, usize)> {
//!     let (mut frames, mut decoder) = (FrameDecoder::default(), Decoder::default());
//!     let (mut rows, mut bytes) = (0, 0);
//!     while let Step::Frame(frame, consumed) = frames.next(input)? {
//!         if let ReplicationMessage::XLogData(data) = ReplicationMessage::decode(frame.body)? {
//!             if let Message::Insert(insert) = decoder.decode(data.data)? {
//!                 rows += insert.new.iter().len().min(1);
//!             }
//!         }
//!         input = &input[consumed..];
//!         bytes += consumed;
//!     }
//!     Ok((rows, bytes))
//! }
//!
//! let capture = b"d\0\0\0\x2b\
//!     w\0\0\0\0\x01\x52\x87\xA8\0\0\0\0\x01\x52\x87\xA8\0\x02\xF9\x5B\x7D\x12\x34\x56\
//!     I\0\0\x40\x01N\0\x01t\0\0\0\x011";
//! assert_eq!(inserted(capture)?, (1, capture.len()));
//! # Ok::<(), walscope_core::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | none | frames, replication messages, pgoutput, values, captures: `no_std`, no allocation |
//! | `alloc` | relation cache, transactions, session, batch index, encoders, reader of the log, trees of its fields |
//! | `serde` | rows as structs: [`row`](mod@row); `alloc` |
//! | `lz4` | page images in the log that are compressed with LZ4 |
//! | `std` (default) | `alloc`; CRCs by the processor's own instruction |
//!
//! # Errors
//!
//! Decoding never panics. An [`Error`] is `Copy`, owns nothing, and says what is wrong, at which
//! byte, in which field.

#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod calendar;
pub mod capture;
#[cfg(feature = "alloc")]
pub mod dump;
mod error;
pub mod frame;
#[cfg(feature = "alloc")]
pub mod index;
pub mod pgoutput;
mod reader;
#[cfg(feature = "alloc")]
pub mod relation;
mod replication;
#[cfg(feature = "serde")]
pub mod row;
#[cfg(feature = "alloc")]
pub mod session;
mod stack_text;
#[cfg(feature = "alloc")]
pub mod transaction;
mod types;
pub mod value;
pub mod wal;

pub use error::{Error, ErrorKind, Result};
pub use replication::{
    HotStandbyFeedback, PrimaryKeepalive, ReplicationMessage, StandbyStatusUpdate,
    XLOG_DATA_HEADER, XLogData,
};
pub use types::{Lsn, LsnParseError, Oid, RelFileLocator, TimelineId, Timestamp, Xid};
