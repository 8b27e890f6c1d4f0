//! Frames that hold a row. Most of a stream is these, so there is a short way to them: what is not
//! whole or not a row is left to the long one, which says what is wrong.

use crate::frame::{COPY_DATA, FRAME_HEADER};
use crate::pgoutput::tag;
use crate::replication::{XLOG_DATA, XLOG_DATA_HEADER};
use crate::types::Lsn;

/// Bytes of a frame before the message in its XLogData.
pub(crate) const MESSAGE_OFFSET: usize = FRAME_HEADER + XLOG_DATA_HEADER;
/// The tag of a frame is not counted by its length.
const TAG: usize = 1;

/// A CopyData message with an XLogData that holds a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFrame<'a> {
    /// Where the XLogData begins in the log.
    pub(crate) lsn: Lsn,
    /// The message of pgoutput, which begins with the tag of an insert, update or delete.
    pub(crate) message: &'a [u8],
    /// How many bytes of the input the frame takes.
    pub(crate) size: usize,
}

impl<'a> RowFrame<'a> {
    /// The frame at the front of `input`, if it is whole, no longer than the limit, and holds a row.
    #[inline]
    pub(super) fn at_front_of(input: &'a [u8], limit: u32) -> Option<Self> {
        let ([COPY_DATA, a, b, c, d, XLOG_DATA], behind) = input.split_first_chunk()? else {
            return None;
        };
        let (lsn, _) = behind.split_first_chunk()?;
        let Some(&(tag::INSERT | tag::UPDATE | tag::DELETE)) = input.get(MESSAGE_OFFSET) else {
            return None;
        };
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        let size = (length as usize).checked_add(TAG)?;
        let message = input.get(MESSAGE_OFFSET..size)?;
        let within = size.saturating_sub(FRAME_HEADER) <= limit as usize;
        within.then_some(Self { lsn: Lsn(u64::from_be_bytes(*lsn)), message, size })
    }
}
