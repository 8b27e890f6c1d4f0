//! Splits the backend's byte stream into messages.
//!
//! Every message of the protocol after start-up has this layout (PostgreSQL manual, "Message
//! Formats"):
//!
//! | bytes | field |
//! |---|---|
//! | 1 | tag |
//! | 4 | length of what follows, itself included |
//! | length - 4 | body |

use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;

/// Tag of CopyData, in which all replication messages travel.
pub const COPY_DATA: u8 = b'd';

/// Bytes before the body: tag and length.
pub const FRAME_HEADER: usize = 5;

/// The length field counts itself.
const LENGTH_FIELD: u32 = 4;

/// PostgreSQL sends no message over 1 GB (`MaxAllocSize`); a longer one is a broken stream.
pub const MAX_MESSAGE: u32 = 0x3FFF_FFFF;

/// One message of the backend, borrowed from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What kind of message it is.
    pub tag: u8,
    /// What follows tag and length.
    pub body: &'a [u8],
    /// Position of the tag in the whole input; the body begins [`FRAME_HEADER`] bytes after it.
    pub offset: u64,
}

impl Frame<'_> {
    /// Position of the body in the whole input.
    pub const fn body_offset(&self) -> u64 {
        self.offset.saturating_add(FRAME_HEADER as u64)
    }
}

/// What [`FrameDecoder::next`] found at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// No whole frame: nothing was consumed. Call again with at least this many bytes more.
    NeedMore(usize),
    /// A frame, and how many bytes of the input it took.
    Frame(Frame<'a>, usize),
}

/// Splits frames off arbitrary chunks. It buffers nothing: the caller keeps what was not consumed.
///
/// ```
/// # use walscope_core::frame::{FrameDecoder, Step};
/// let mut decoder = FrameDecoder::default();
/// assert_eq!(decoder.next(b"d\0\0\0")?, Step::NeedMore(1));
/// let Step::Frame(frame, consumed) = decoder.next(b"d\0\0\0\x05k...")? else { panic!() };
/// assert_eq!((frame.tag, frame.body, consumed), (b'd', &b"k"[..], 6));
/// # Ok::<(), walscope_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FrameDecoder {
    offset: u64,
    limit: u32,
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new(MAX_MESSAGE)
    }
}

impl FrameDecoder {
    /// A decoder that refuses messages of more than `limit` bytes.
    pub const fn new(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    /// Position of the next frame in the whole input.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes past frames that were found in another way.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) const fn pass(&mut self, size: usize) {
        self.offset = self.offset.saturating_add(size as u64);
    }

    /// The frame at the front of `input`, which begins where the last frame ended.
    ///
    /// # Errors
    ///
    /// A length that no message can have, or one over the limit. The decoder stays where it is.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>> {
        let mut reader = Reader::new(input, self.offset);
        if input.len() < FRAME_HEADER {
            return Ok(Step::NeedMore(FRAME_HEADER.saturating_sub(input.len())));
        }
        let tag = reader.u8("frame.tag")?;
        let length = reader.u32("frame.length")?;
        let size = length.checked_sub(LENGTH_FIELD).ok_or_else(|| {
            Error::new(ErrorKind::InvalidLength(i64::from(length)), self.offset, "frame.length")
        })?;
        if size > self.limit {
            let kind = ErrorKind::TooLarge { size: size.into(), limit: self.limit.into() };
            return Err(Error::new(kind, self.offset, "frame.length"));
        }
        let Some(body) = reader.rest().get(..size as usize) else {
            return Ok(Step::NeedMore((size as usize).saturating_sub(reader.rest().len())));
        };
        let frame = Frame { tag, body, offset: self.offset };
        let consumed = FRAME_HEADER.saturating_add(body.len());
        self.offset = self.offset.saturating_add(consumed as u64);
        Ok(Step::Frame(frame, consumed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_whole_input() {
        let input = b"d\0\0\0\x06abZ\0\0\0\x05I";
        let mut decoder = FrameDecoder::default();
        let first = decoder.next(input);
        assert_eq!(first, Ok(Step::Frame(Frame { tag: b'd', body: b"ab", offset: 0 }, 7)));
        let second = decoder.next(input.get(7..).unwrap_or_default());
        assert_eq!(second, Ok(Step::Frame(Frame { tag: b'Z', body: b"I", offset: 7 }, 6)));
        assert_eq!(decoder.offset(), 13);
    }

    #[test]
    fn lengths_that_cannot_be_are_errors_at_the_frame() {
        let mut decoder = FrameDecoder::new(10);
        let too_short = decoder.next(b"d\0\0\0\x03").map_err(|error| error.kind());
        assert_eq!(too_short, Err(ErrorKind::InvalidLength(3)));
        let too_large = decoder.next(b"d\xFF\xFF\xFF\xFF").map_err(|error| error.kind());
        assert_eq!(too_large, Err(ErrorKind::TooLarge { size: 0xFFFF_FFFB, limit: 10 }));
        assert_eq!(decoder.next(b"d\0\0\0\x0E12"), Ok(Step::NeedMore(8)));
    }
}
