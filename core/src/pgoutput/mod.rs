//! Messages of the output plugin pgoutput, protocol versions 1 to 4.
//!
//! PostgreSQL manual, "Logical Replication Message Formats"; written by
//! `src/backend/replication/logical/proto.c`.

mod change;
mod prepared;
mod relation;
mod stream;
mod transaction;
mod tuple;

pub(crate) use change::NewRow;
pub use change::{Delete, Insert, OldTuple, Truncate, Update};
pub use prepared::{CommitPrepared, Prepare, RollbackPrepared};
#[cfg(feature = "alloc")]
pub(crate) use relation::PG_CATALOG;
pub use relation::{Relation, RelationColumn, ReplicaIdentity, Type};
pub use stream::{StreamAbort, StreamCommit, StreamStart};
pub use transaction::{Begin, Commit, LogicalMessage, Origin};
pub use tuple::{Column, Columns, Tuple};

use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Xid;

/// The first byte of each message.
pub mod tag {
    /// [`Begin`](super::Begin)
    pub const BEGIN: u8 = b'B';
    /// [`Commit`](super::Commit)
    pub const COMMIT: u8 = b'C';
    /// [`Origin`](super::Origin)
    pub const ORIGIN: u8 = b'O';
    /// [`Relation`](super::Relation)
    pub const RELATION: u8 = b'R';
    /// [`Type`](super::Type)
    pub const TYPE: u8 = b'Y';
    /// [`Insert`](super::Insert)
    pub const INSERT: u8 = b'I';
    /// [`Update`](super::Update)
    pub const UPDATE: u8 = b'U';
    /// [`Delete`](super::Delete)
    pub const DELETE: u8 = b'D';
    /// [`Truncate`](super::Truncate)
    pub const TRUNCATE: u8 = b'T';
    /// [`LogicalMessage`](super::LogicalMessage)
    pub const MESSAGE: u8 = b'M';
    /// [`StreamStart`](super::StreamStart)
    pub const STREAM_START: u8 = b'S';
    /// A piece of a streamed transaction ends.
    pub const STREAM_STOP: u8 = b'E';
    /// [`StreamCommit`](super::StreamCommit)
    pub const STREAM_COMMIT: u8 = b'c';
    /// [`StreamAbort`](super::StreamAbort)
    pub const STREAM_ABORT: u8 = b'A';
    /// [`Prepare`](super::Prepare) at the beginning of a transaction
    pub const BEGIN_PREPARE: u8 = b'b';
    /// [`Prepare`](super::Prepare) at the end of a transaction
    pub const PREPARE: u8 = b'P';
    /// [`CommitPrepared`](super::CommitPrepared)
    pub const COMMIT_PREPARED: u8 = b'K';
    /// [`RollbackPrepared`](super::RollbackPrepared)
    pub const ROLLBACK_PREPARED: u8 = b'r';
    /// [`Prepare`](super::Prepare) at the end of a streamed transaction
    pub const STREAM_PREPARE: u8 = b'p';
}

/// One message, borrowed from the bytes it was decoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A transaction begins.
    Begin(Begin),
    /// A transaction ends.
    Commit(Commit),
    /// The transaction comes from elsewhere.
    Origin(Origin<'a>),
    /// A table's name and columns.
    Relation(Relation<'a>),
    /// A type's name.
    Type(Type<'a>),
    /// A row was inserted.
    Insert(Insert<'a>),
    /// A row was updated.
    Update(Update<'a>),
    /// A row was deleted.
    Delete(Delete<'a>),
    /// Tables were truncated.
    Truncate(Truncate<'a>),
    /// Written by `pg_logical_emit_message`.
    Message(LogicalMessage<'a>),
    /// A piece of a streamed transaction begins.
    StreamStart(StreamStart),
    /// A piece of a streamed transaction ends.
    StreamStop,
    /// A streamed transaction was committed.
    StreamCommit(StreamCommit),
    /// A streamed transaction or a subtransaction of it was rolled back.
    StreamAbort(StreamAbort),
    /// A prepared transaction begins.
    BeginPrepare(Prepare<'a>),
    /// A prepared transaction ends: it is prepared now.
    Prepare(Prepare<'a>),
    /// A prepared transaction was committed.
    CommitPrepared(CommitPrepared<'a>),
    /// A prepared transaction was rolled back.
    RollbackPrepared(RollbackPrepared<'a>),
    /// A streamed transaction was prepared.
    StreamPrepare(Prepare<'a>),
}

impl Message<'_> {
    /// The message's first byte.
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Begin(_) => tag::BEGIN,
            Self::Commit(_) => tag::COMMIT,
            Self::Origin(_) => tag::ORIGIN,
            Self::Relation(_) => tag::RELATION,
            Self::Type(_) => tag::TYPE,
            Self::Insert(_) => tag::INSERT,
            Self::Update(_) => tag::UPDATE,
            Self::Delete(_) => tag::DELETE,
            Self::Truncate(_) => tag::TRUNCATE,
            Self::Message(_) => tag::MESSAGE,
            Self::StreamStart(_) => tag::STREAM_START,
            Self::StreamStop => tag::STREAM_STOP,
            Self::StreamCommit(_) => tag::STREAM_COMMIT,
            Self::StreamAbort(_) => tag::STREAM_ABORT,
            Self::BeginPrepare(_) => tag::BEGIN_PREPARE,
            Self::Prepare(_) => tag::PREPARE,
            Self::CommitPrepared(_) => tag::COMMIT_PREPARED,
            Self::RollbackPrepared(_) => tag::ROLLBACK_PREPARED,
            Self::StreamPrepare(_) => tag::STREAM_PREPARE,
        }
    }
}

/// Decodes messages one by one.
///
/// Its only state is whether the stream is between StreamStart and StreamStop, because changes then
/// carry their (sub)transaction. It never asks for the negotiated version: a slot marked as
/// two-phase sends those messages at any version.
///
/// ```
/// # use walscope_core::pgoutput::{Decoder, Message};
/// let mut decoder = Decoder::default();
/// let payload = b"B\0\0\0\0\x01\x52\x87\xA8\0\x02\xF9\x5B\x7D\x12\x34\x56\0\0\x02\xE6";
/// let Message::Begin(begin) = decoder.decode(payload)? else { panic!() };
/// assert_eq!(begin.commit_lsn.to_string(), "0/15287A8");
/// assert_eq!(begin.xid.0, 742);
/// # Ok::<(), walscope_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoder {
    streaming: Option<Xid>,
}

/// How much of the input a message takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it: anything left is an error.
    Whole,
    /// What it needs; the rest belongs to others.
    Prefix,
}

impl Decoder {
    /// A decoder at the start of a connection, for constants.
    pub(crate) const DEFAULT: Self = Self { streaming: None };

    /// The streamed transaction whose piece is open: between StreamStart and StreamStop.
    pub const fn streaming(&self) -> Option<Xid> {
        self.streaming
    }

    /// Decodes one message, which is all of `payload` (the data of one
    /// [`XLogData`](crate::XLogData)). It allocates and copies nothing.
    ///
    /// # Errors
    ///
    /// What the bytes have wrong; positions count from the payload's first byte. The decoder's
    /// state stays as it was.
    #[inline]
    pub fn decode<'a>(&mut self, payload: &'a [u8]) -> Result<Message<'a>> {
        // Each message is built where it is returned: moving it would cost what decoding a small row
        // does.
        if let Some(row) = NewRow::in_message(payload, self.streaming.is_some())
            && let Some(new) = Tuple::whole(row.tuple)
        {
            let NewRow { tag, xid, relation, .. } = row;
            return Ok(match tag {
                tag::INSERT => Message::Insert(Insert { xid, relation, new }),
                _ => Message::Update(Update { xid, relation, old: None, new }),
            });
        }
        self.decode_any(payload)
    }

    #[inline(never)]
    fn decode_any<'a>(&mut self, payload: &'a [u8]) -> Result<Message<'a>> {
        let mut reader = Reader::new(payload, 0);
        let message = self.read(&mut reader, Extent::Whole);
        if message.is_ok() {
            reader.finish("message")?;
        }
        self.follow(&message);
        message
    }

    /// Decodes the message at the front of `input` and says how many bytes it took. For files that
    /// hold messages without their lengths, as `pg_recvlogical` writes them, each ended by a line
    /// feed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedEnd`] where the input ends inside the message, or may do so.
    pub fn decode_prefix<'a>(&mut self, input: &'a [u8]) -> Result<(Message<'a>, usize)> {
        let mut reader = Reader::new(input, 0);
        let message = self.read(&mut reader, Extent::Prefix);
        self.follow(&message);
        Ok((message?, input.len().saturating_sub(reader.rest().len())))
    }

    /// Keeps track of where pieces of streamed transactions begin and end.
    const fn follow(&mut self, message: &Result<Message<'_>>) {
        match message {
            Ok(Message::StreamStart(start)) => self.streaming = Some(start.xid),
            Ok(Message::StreamStop) => self.streaming = None,
            _ => {}
        }
    }

    fn read<'a>(&self, reader: &mut Reader<'a>, extent: Extent) -> Result<Message<'a>> {
        let tag = reader.u8("message")?;
        // Inside a piece of a streamed transaction every change begins with its (sub)transaction.
        let xid = if self.streaming.is_some() && is_change(tag) {
            Some(reader.xid("message.xid")?)
        } else {
            None
        };
        match tag {
            tag::INSERT => Insert::decode(reader, xid).map(Message::Insert),
            tag::UPDATE => Update::decode(reader, xid).map(Message::Update),
            tag::DELETE => Delete::decode(reader, xid).map(Message::Delete),
            tag::RELATION => Relation::decode(reader, xid).map(Message::Relation),
            tag::TYPE => Type::decode(reader, xid).map(Message::Type),
            tag::TRUNCATE => Truncate::decode(reader, xid).map(Message::Truncate),
            tag::MESSAGE => LogicalMessage::decode(reader, xid).map(Message::Message),
            tag::ORIGIN => Origin::decode(reader).map(Message::Origin),
            _ => self.decode_boundary(tag, reader, extent),
        }
    }

    /// What begins or ends a transaction or a piece of one; kept apart so that the way of the rows
    /// stays short.
    fn decode_boundary<'a>(
        self,
        tag: u8,
        reader: &mut Reader<'a>,
        extent: Extent,
    ) -> Result<Message<'a>> {
        match tag {
            tag::STREAM_STOP if self.streaming.is_some() => Ok(Message::StreamStop),
            _ if self.streaming.is_some() && is_boundary(tag) => Err(unexpected(tag)),
            tag::BEGIN => Begin::decode(reader).map(Message::Begin),
            tag::COMMIT => Commit::decode(reader).map(Message::Commit),
            tag::STREAM_START => StreamStart::decode(reader).map(Message::StreamStart),
            tag::STREAM_COMMIT => StreamCommit::decode(reader).map(Message::StreamCommit),
            tag::STREAM_ABORT => {
                let with_abort = abort_has_position(reader.rest(), extent)?;
                StreamAbort::decode(reader, with_abort).map(Message::StreamAbort)
            }
            tag::BEGIN_PREPARE => Prepare::decode_begin(reader).map(Message::BeginPrepare),
            tag::PREPARE => Prepare::decode_end(reader).map(Message::Prepare),
            tag::STREAM_PREPARE => Prepare::decode_end(reader).map(Message::StreamPrepare),
            tag::COMMIT_PREPARED => CommitPrepared::decode(reader).map(Message::CommitPrepared),
            tag::ROLLBACK_PREPARED => {
                RollbackPrepared::decode(reader).map(Message::RollbackPrepared)
            }
            tag::STREAM_STOP => Err(unexpected(tag)),
            _ => Err(Error::new(ErrorKind::UnknownMessage(tag), 0, "message")),
        }
    }
}

/// Whether a StreamAbort continues with LSN and time, as it does with streaming `parallel`.
///
/// The message does not say so itself. Alone in its payload, its length does. In a file of
/// `pg_recvlogical` the short form is followed by the line feed that ends every message, and the
/// long form by an LSN, whose first byte is no line feed before the log has grown by 2^59 bytes.
fn abort_has_position(rest: &[u8], extent: Extent) -> Result<bool> {
    const XIDS: usize = 8;
    const LINE_FEED: u8 = b'\n';
    match (extent, rest.get(XIDS)) {
        (Extent::Whole, byte) => Ok(byte.is_some()),
        (Extent::Prefix, Some(byte)) => Ok(*byte != LINE_FEED),
        (Extent::Prefix, None) => {
            let mut reader = Reader::new(rest, 1);
            reader.bytes(XIDS.saturating_add(1), "stream_abort").map(|_| false)
        }
    }
}

#[cold]
const fn unexpected(tag: u8) -> Error {
    Error::new(ErrorKind::UnexpectedMessage(tag), 0, "message")
}

/// Messages that begin with their (sub)transaction inside a piece of a streamed transaction.
const fn is_change(byte: u8) -> bool {
    matches!(
        byte,
        tag::INSERT
            | tag::UPDATE
            | tag::DELETE
            | tag::RELATION
            | tag::TYPE
            | tag::TRUNCATE
            | tag::MESSAGE
    )
}

/// Messages that have no place inside a piece of a streamed transaction.
const fn is_boundary(byte: u8) -> bool {
    matches!(
        byte,
        tag::BEGIN
            | tag::COMMIT
            | tag::STREAM_START
            | tag::STREAM_COMMIT
            | tag::STREAM_ABORT
            | tag::BEGIN_PREPARE
            | tag::PREPARE
            | tag::STREAM_PREPARE
            | tag::COMMIT_PREPARED
            | tag::ROLLBACK_PREPARED
    )
}

#[cfg(feature = "alloc")]
impl Message<'_> {
    /// Appends the message as PostgreSQL writes it: the inverse of [`Decoder::decode`].
    pub fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        out.push(self.tag());
        if let Some(xid) = self.streamed_xid() {
            out.extend(xid.0.to_be_bytes());
        }
        match self {
            Self::Begin(message) => message.encode(out),
            Self::Commit(message) => message.encode(out),
            Self::Origin(message) => message.encode(out),
            Self::Relation(message) => message.encode(out),
            Self::Type(message) => message.encode(out),
            Self::Insert(message) => message.encode(out),
            Self::Update(message) => message.encode(out),
            Self::Delete(message) => message.encode(out),
            Self::Truncate(message) => message.encode(out),
            Self::Message(message) => message.encode(out),
            Self::StreamStart(message) => message.encode(out),
            Self::StreamStop => {}
            Self::StreamCommit(message) => message.encode(out),
            Self::StreamAbort(message) => message.encode(out),
            Self::BeginPrepare(message) => message.encode_begin(out),
            Self::Prepare(message) | Self::StreamPrepare(message) => message.encode_end(out),
            Self::CommitPrepared(message) => message.encode(out),
            Self::RollbackPrepared(message) => message.encode(out),
        }
    }
}

impl Message<'_> {
    /// The (sub)transaction that a change in a piece of a streamed transaction carries.
    pub const fn streamed_xid(&self) -> Option<Xid> {
        match self {
            Self::Relation(message) => message.xid,
            Self::Type(message) => message.xid,
            Self::Insert(message) => message.xid,
            Self::Update(message) => message.xid,
            Self::Delete(message) => message.xid,
            Self::Truncate(message) => message.xid,
            Self::Message(message) => message.xid,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bytes_are_an_error() {
        let error = Decoder::default().decode(b"O\0\0\0\0\0\0\0\x01a\0!").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::TrailingBytes { left: 1 }, 11));
    }

    #[test]
    fn unknown_messages_are_named() {
        let error = Decoder::default().decode(b"Z").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownMessage(b'Z'));
        assert!(Decoder::default().decode(b"").is_err());
    }

    #[test]
    fn changes_carry_their_transaction_only_in_a_piece() {
        let mut decoder = Decoder::default();
        let relation = b"Y\0\0\x40\x01public\0mood\0";
        assert_eq!(decoder.decode(relation).map(|m| m.streamed_xid()), Ok(None));
        assert!(decoder.decode(b"S\0\0\x02\xE6\x01").is_ok());
        assert_eq!(decoder.streaming(), Some(Xid(742)));
        let streamed = b"Y\0\0\x02\xE7\0\0\x40\x01public\0mood\0";
        assert_eq!(decoder.decode(streamed).map(|m| m.streamed_xid()), Ok(Some(Xid(743))));
        let again = decoder.decode(b"S\0\0\x02\xE6\x01").map_err(|error| error.kind());
        assert_eq!(again, Err(ErrorKind::UnexpectedMessage(b'S')));
        assert_eq!(decoder.decode(b"E"), Ok(Message::StreamStop));
        let stop = decoder.decode(b"E").map_err(|error| error.kind());
        assert_eq!(stop, Err(ErrorKind::UnexpectedMessage(b'E')));
    }

    #[test]
    fn both_forms_of_a_stream_abort() {
        let short = b"A\0\0\0\x07\0\0\0\x08";
        let long = b"A\0\0\0\x07\0\0\0\x08\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x0A";
        let abort = |input: &[u8]| match Decoder::default().decode(input) {
            Ok(Message::StreamAbort(abort)) => abort.abort.map(|(lsn, time)| (lsn.0, time.0)),
            other => panic!("{other:?}"),
        };
        assert_eq!(abort(short), None);
        assert_eq!(abort(long), Some((9, 10)));
        let prefix = |input: &[u8]| Decoder::default().decode_prefix(input).map(|(_, used)| used);
        assert_eq!(prefix(b"A\0\0\0\x07\0\0\0\x08\nB"), Ok(9));
        assert_eq!(prefix(long), Ok(25));
        let cut = prefix(short).map_err(|error| error.kind());
        assert_eq!(cut, Err(ErrorKind::UnexpectedEnd { needed: 1 }));
    }
}
