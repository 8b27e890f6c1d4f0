//! Recorded replication streams: what kind of file it is, and the messages in it.
//!
//! Two formats are read:
//!
//! - A **capture** (`.walcap`): the backend's CopyData messages as on the wire. Each connection's
//!   part may begin with a head, a CopyData frame whose payload is `#walscope ` and a JSON object.
//! - Output of **`pg_recvlogical`** with the plugin pgoutput: the bare messages, each followed by a
//!   line feed (`src/bin/pg_basebackup/pg_recvlogical.c`). It has no LSNs and no lengths, so
//!   messages must be decoded to find where they end.

#[cfg(feature = "alloc")]
mod rows;

#[cfg(feature = "alloc")]
pub(crate) use rows::MESSAGE_OFFSET;
#[cfg(feature = "alloc")]
use rows::RowFrame;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{COPY_DATA, FrameDecoder, Step};
use crate::pgoutput::{Decoder, tag};
use crate::replication::{PrimaryKeepalive, ReplicationMessage, XLOG_DATA_HEADER, XLogData};
use crate::types::{Lsn, Timestamp};

/// How the payload of a head begins; a JSON object follows.
pub const HEAD_PREFIX: &[u8] = b"#walscope ";

/// A kind of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CopyData messages as on the wire.
    Capture,
    /// Messages of pgoutput, each ended by a line feed.
    PgRecvlogical,
}

impl Format {
    /// A name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::PgRecvlogical => "pg_recvlogical",
        }
    }

    /// What a recording is by its first bytes; `None`: too few to tell.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownFormat`]; [`ErrorKind::Unsupported`] for a WAL segment.
    pub fn detect(input: &[u8]) -> Result<Option<Self>> {
        /// A page of WAL begins with `XLOG_PAGE_MAGIC`, of which all versions share the high byte.
        const WAL_PAGE_MAGIC_HIGH: u8 = 0xD1;
        match input {
            [] => Ok(None),
            // pgoutput has no message 'd'; the length's first byte is at most 0x3F.
            [COPY_DATA, 0..=0x3F, ..] => Ok(Some(Self::Capture)),
            [COPY_DATA] | [_] => Ok(None),
            [_, WAL_PAGE_MAGIC_HIGH, ..] => {
                Err(Error::new(ErrorKind::Unsupported, 0, "a WAL segment"))
            }
            [first, ..] if begins_message(*first) => Ok(Some(Self::PgRecvlogical)),
            _ => Err(Error::new(ErrorKind::UnknownFormat, 0, "input")),
        }
    }
}

/// Messages that can be the first of a file: what has no place before others is left out.
const fn begins_message(byte: u8) -> bool {
    matches!(
        byte,
        tag::BEGIN
            | tag::BEGIN_PREPARE
            | tag::COMMIT_PREPARED
            | tag::ROLLBACK_PREPARED
            | tag::STREAM_START
            | tag::MESSAGE
            | tag::RELATION
            | tag::INSERT
            | tag::UPDATE
            | tag::DELETE
    )
}

/// One piece of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A connection begins: the JSON object that describes it. What was known is forgotten.
    Head(&'a [u8]),
    /// Data of the output plugin. Its LSN is [`Lsn::INVALID`] where the recording has none.
    Data(XLogData<'a>),
    /// A sign of life from the server.
    Keepalive(PrimaryKeepalive),
}

/// What [`Reader::next`] found at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Nothing whole: nothing was consumed. Call again with at least this many bytes more.
    NeedMore(usize),
    /// An entry, and how many bytes of the input it took.
    Entry(Entry<'a>, usize),
}

/// Reads a recording from chunks of any size. It buffers nothing: the caller keeps what was not
/// consumed.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    format: Option<Format>,
    frames: FrameDecoder,
    /// Of a pg_recvlogical file: position, and the state that finds where messages end.
    offset: u64,
    decoder: Decoder,
    /// Position of the last entry's data.
    data_offset: u64,
    limit: u32,
}

impl Reader {
    /// A reader that finds out the format and refuses messages of more than `limit` bytes.
    pub const fn new(limit: u32) -> Self {
        Self {
            format: None,
            frames: FrameDecoder::new(limit),
            offset: 0,
            decoder: Decoder::DEFAULT,
            data_offset: 0,
            limit,
        }
    }

    /// A reader of what a server sends, which needs no guess.
    pub const fn of_connection(limit: u32) -> Self {
        Self::of_format(Format::Capture, limit)
    }

    /// A reader of a recording whose format is known.
    pub const fn of_format(format: Format, limit: u32) -> Self {
        Self { format: Some(format), ..Self::new(limit) }
    }

    /// What the recording was found to be.
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// Position of the next entry in the whole input.
    pub const fn offset(&self) -> u64 {
        match self.format {
            Some(Format::PgRecvlogical) => self.offset,
            _ => self.frames.offset(),
        }
    }

    /// Position in the whole input of what the last entry holds: the data of
    /// [`Entry::Data`].
    pub const fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// The entry at the front of `input`, which begins where the last one ended.
    ///
    /// # Errors
    ///
    /// Input of no known format, or bytes that are no entry; positions are those of the whole
    /// input. After an error in a frame's content [`Error::offset`] lies in the frame, and
    /// [`skip`](Self::skip) goes past it.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Next<'a>> {
        let format = match self.format {
            Some(format) => format,
            None => match Format::detect(input)? {
                Some(format) => *self.format.insert(format),
                None => return Ok(Next::NeedMore(1)),
            },
        };
        match format {
            Format::Capture => self.next_frame(input),
            Format::PgRecvlogical => self.next_line(input),
        }
    }

    /// Checks that nothing is left when the input has ended: `rest` is what was not consumed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cut`] at the beginning of what is cut.
    pub fn finish(&mut self, rest: &[u8]) -> Result<()> {
        if rest.is_empty() {
            return Ok(());
        }
        let needed = match self.next(rest)? {
            Next::NeedMore(needed) => needed as u64,
            Next::Entry(..) => return Ok(()),
        };
        if self.format.is_none() {
            return Err(Error::new(ErrorKind::UnknownFormat, 0, "input"));
        }
        Err(Error::new(ErrorKind::Cut { needed }, self.offset(), "input"))
    }

    /// How many bytes to drop to go on behind an entry that [`next`](Self::next) refused, where
    /// that can be known: a frame says its own length, a bare message does not.
    pub fn skip(&mut self, input: &[u8]) -> Option<usize> {
        match (self.format, self.frames.next(input)) {
            (Some(Format::Capture), Ok(Step::Frame(_, consumed))) => Some(consumed),
            _ => None,
        }
    }

    /// Goes past the frames at the front of `input` that hold a row each, and says how many bytes they
    /// take. Most of a stream is rows, and most who read it twice have nothing to do with them the first
    /// time.
    #[cfg(feature = "alloc")]
    pub(crate) fn pass_rows(&mut self, input: &[u8]) -> usize {
        let mut passed = 0_usize;
        while let Some(row) = self.row(input.get(passed..).unwrap_or_default()) {
            passed = passed.saturating_add(row.size);
        }
        self.pass(passed);
        passed
    }

    /// The frame at the front of `input`, if it is whole and holds a row. The reader stays where it is.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn row<'a>(&self, input: &'a [u8]) -> Option<RowFrame<'a>> {
        if self.format != Some(Format::Capture) {
            return None;
        }
        RowFrame::at_front_of(input, self.limit)
    }

    /// Goes past frames of so many bytes.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn pass(&mut self, size: usize) {
        self.frames.pass(size);
    }

    fn next_frame<'a>(&mut self, input: &'a [u8]) -> Result<Next<'a>> {
        let mut frames = self.frames;
        let (frame, consumed) = match frames.next(input)? {
            Step::NeedMore(needed) => return Ok(Next::NeedMore(needed)),
            Step::Frame(frame, consumed) => (frame, consumed),
        };
        if frame.tag != COPY_DATA {
            let kind = ErrorKind::UnexpectedMessage(frame.tag);
            return Err(Error::new(kind, frame.offset, "frame"));
        }
        let entry = if let Some(json) = frame.body.strip_prefix(HEAD_PREFIX) {
            Entry::Head(json)
        } else {
            let message = ReplicationMessage::decode(frame.body)
                .map_err(|error| error.shifted(frame.body_offset()))?;
            match message {
                ReplicationMessage::XLogData(data) => Entry::Data(data),
                ReplicationMessage::PrimaryKeepalive(keepalive) => Entry::Keepalive(keepalive),
            }
        };
        self.data_offset = match entry {
            Entry::Data(_) => frame.body_offset().saturating_add(XLOG_DATA_HEADER as u64),
            _ => frame.body_offset(),
        };
        self.frames = frames;
        Ok(Next::Entry(entry, consumed))
    }

    fn next_line<'a>(&mut self, input: &'a [u8]) -> Result<Next<'a>> {
        const LINE_FEED: u8 = b'\n';
        let mut decoder = self.decoder;
        let length = match decoder.decode_prefix(input) {
            Ok((_, length)) => length,
            Err(error) => return self.line_error(error, input),
        };
        let Some((data, rest)) = input.split_at_checked(length) else {
            return Ok(Next::NeedMore(1));
        };
        match rest.first() {
            None => Ok(Next::NeedMore(1)),
            Some(&LINE_FEED) => {
                let consumed = length.saturating_add(1);
                self.decoder = decoder;
                self.data_offset = self.offset;
                self.offset = self.offset.saturating_add(consumed as u64);
                let (start, server_time) = (Lsn::INVALID, Timestamp::default());
                let data = XLogData { start, end: start, server_time, data };
                Ok(Next::Entry(Entry::Data(data), consumed))
            }
            Some(&other) => {
                let at = self.offset.saturating_add(length as u64);
                Err(Error::new(ErrorKind::InvalidValue(other), at, "line feed after a message"))
            }
        }
    }

    /// A message that goes on behind the input is no error, unless it is too large already.
    fn line_error(&self, error: Error, input: &[u8]) -> Result<Next<'static>> {
        let needed = match error.kind() {
            ErrorKind::UnexpectedEnd { needed } => needed,
            ErrorKind::UnterminatedString => 1,
            _ => return Err(error.shifted(self.offset)),
        };
        let size = needed.saturating_add(input.len() as u64);
        if size > u64::from(self.limit) {
            let kind = ErrorKind::TooLarge { size, limit: self.limit.into() };
            return Err(Error::new(kind, self.offset, "message"));
        }
        Ok(Next::NeedMore(usize::try_from(needed).unwrap_or(usize::MAX)))
    }
}

/// Whether the JSON object of a head says that the connection goes on with what the last one did not
/// bring to its end.
pub fn resumes(head: &[u8]) -> bool {
    // In a string the quotation marks would have backslashes before them.
    const RESUMES: &[u8] = br#""resumes":true"#;
    head.windows(RESUMES.len()).any(|window| window == RESUMES)
}

/// Whether the JSON object of a head says that another plugin than pgoutput wrote what follows.
pub fn is_undecoded(head: &[u8]) -> bool {
    const PGOUTPUT: &[u8] = b"pgoutput";
    plugin(head).is_some_and(|plugin| plugin != PGOUTPUT)
}

/// The member `plugin` of the JSON object of a head, as it is written there.
fn plugin(head: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"plugin";
    let (mut rest, mut depth) = (head, 0_usize);
    let (mut name, mut is_value): (&[u8], bool) = (&[], false);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'"' => {
                let (text, behind) = behind.split_at_checked(string_length(behind)?)?;
                rest = behind.get(1..)?;
                if depth == 1 && is_value && name == NAME {
                    return Some(text);
                }
                name = text;
            }
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' => is_value = true,
            b',' => is_value = false,
            _ => {}
        }
    }
    None
}

/// How many bytes a JSON string takes up to its closing quotation mark.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })
}

/// Appends a head to `out`: the frame that begins a connection's part of a capture.
#[cfg(feature = "alloc")]
pub fn write_head(out: &mut alloc::vec::Vec<u8>, json: &str) {
    const LENGTH_FIELD: usize = 4;
    let length = HEAD_PREFIX.len().saturating_add(json.len()).saturating_add(LENGTH_FIELD);
    out.push(COPY_DATA);
    // A program makes the object from a few short fields: it cannot pass 4 GiB.
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(HEAD_PREFIX);
    out.extend_from_slice(json.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &[u8] = b"M\0\0\0\0\0\x01\x52\x87\xA8p\0\0\0\0\x01c\n";

    #[test]
    fn formats_are_told_apart() {
        assert_eq!(Format::detect(b"d\0\0\0\x1A"), Ok(Some(Format::Capture)));
        assert_eq!(Format::detect(b"B\0\0"), Ok(Some(Format::PgRecvlogical)));
        assert_eq!(Format::detect(b"d"), Ok(None));
        let kind = |input: &[u8]| Format::detect(input).map_err(|error| error.kind());
        assert_eq!(kind(&[0x13, 0xD1, 5]), Err(ErrorKind::Unsupported));
        assert_eq!(kind(b"hello"), Err(ErrorKind::UnknownFormat));
        assert_eq!(kind(b"{}"), Err(ErrorKind::UnknownFormat));
    }

    #[test]
    fn a_head_says_whether_its_messages_are_pgoutputs() {
        let undecoded = |head: &str| is_undecoded(head.as_bytes());
        assert!(!undecoded(r#"{"plugin":"pgoutput","slot":"s"}"#));
        assert!(undecoded(r#"{"options":{},"plugin": "test_decoding"}"#));
        // Only the object's own member counts.
        assert!(!undecoded(
            r#"{"options":{"plugin":"x"},"slot":"\"plugin\":\"x","plugin":"pgoutput"}"#
        ));
        assert!(undecoded(r#"{"slot":"plugin","plugin":"wal2json"}"#));
        for head in ["", "{", r#"{"plugin"#, r#"{"plugin":"wal"#, r#"{"plugin":null}"#, "}}[\""] {
            assert!(!undecoded(head), "{head}");
        }
    }

    #[test]
    fn lines_of_pg_recvlogical() {
        let mut reader = Reader::new(1000);
        assert_eq!(reader.next(&ORIGIN[..9]), Ok(Next::NeedMore(1)));
        assert_eq!(reader.next(&ORIGIN[..17]), Ok(Next::NeedMore(1)));
        let Ok(Next::Entry(Entry::Data(data), consumed)) = reader.next(ORIGIN) else { panic!() };
        assert_eq!((data.data.len(), consumed, reader.offset()), (17, 18, 18));
        let cut = reader.finish(&ORIGIN[..12]).map_err(|error| (error.kind(), error.offset()));
        assert_eq!(cut, Err((ErrorKind::Cut { needed: 4 }, 18)));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_is_kept() {
        let mut reader = Reader::new(20);
        let error = reader.next(b"M\0\0\0\0\0\x01\x52\x87\xA8p\0\0\0\x40\0c").unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 20, .. }));
    }
}
