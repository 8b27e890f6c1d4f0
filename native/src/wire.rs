//! The framed socket of the start-up and query phases: backend messages in, frontend messages out.
//!
//! The manual's "Message Formats". `postgres-protocol` parses what it knows; CopyBothResponse and
//! NegotiateProtocolVersion are ours. Once a replication stream has begun, the socket and the
//! bytes already read are handed over and this module has nothing more to do.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{ErrorFields, Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::link::Link;
use crate::loopback;
use crate::server_error::ServerError;
use crate::tls;

/// CopyBothResponse: `'W'`, int32 length, int8 format, int16 columns, int16 format of each.
const COPY_BOTH_RESPONSE_TAG: u8 = b'W';
/// NegotiateProtocolVersion: `'v'`, int32 length, int32 newest minor version, and options.
const NEGOTIATE_PROTOCOL_VERSION_TAG: u8 = b'v';
/// The tag and the length, which counts itself but not the tag.
const HEADER_LENGTH: usize = 5;
/// No message of the start-up and query phases is larger. Memory is taken as bytes arrive, not as
/// a length claims.
const MAX_MESSAGE_LENGTH: usize = 64 * 1024 * 1024;
/// What is read at once.
const READ_SIZE: usize = 8 * 1024;
/// What is read at once of a base backup.
const BULK_READ_SIZE: usize = 256 * 1024;

/// A connection's bytes, plain or in TLS.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Without TLS.
    Plain(Link<TcpStream>),
    /// In TLS.
    Tls(Box<TlsStream<BufReader<Link<TcpStream>>>>),
    /// Over a Unix-domain socket, which has no TLS.
    #[cfg(unix)]
    Unix(Link<UnixStream>),
}

impl Socket {
    /// Lets bytes gather: nobody is woken for them, and who reads is told [`Poll::Pending`] when there are
    /// none.
    pub(crate) fn rest(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(link) => link.rest(),
            Self::Tls(stream) => stream.get_mut().0.get_mut().rest(),
            #[cfg(unix)]
            Self::Unix(link) => link.rest(),
        }
    }

    /// Ends the rest, if there is one; says whether there was.
    pub(crate) fn watch(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(link) => link.watch(),
            Self::Tls(stream) => stream.get_mut().0.get_mut().watch(),
            #[cfg(unix)]
            Self::Unix(link) => link.watch(),
        }
    }

    /// Whether bytes were received that were not read yet.
    pub(crate) fn holds_more(&self) -> bool {
        match self {
            Self::Tls(stream) => !stream.get_ref().0.buffer().is_empty(),
            _ => false,
        }
    }

    /// Whether the messages of some milliseconds have room while nobody reads. A Unix-domain socket holds
    /// some two hundred, however small, and then the server waits.
    pub(crate) fn holds_much(&self) -> bool {
        self.tcp().is_some()
    }

    /// Whether what gathers is better kept at the server, by [`Socket::make_room`].
    pub(crate) fn may_have_little_room(&self) -> bool {
        let asked = self.tcp().and_then(|link| Some((link.socket().ok()?, link.peer().ok()?)));
        asked.is_some_and(|(socket, peer)| loopback::may_have_little_room(&socket, peer))
    }

    /// Makes little room for what the server sends, or much again.
    pub(crate) fn make_room(&self, little: bool) -> io::Result<()> {
        self.tcp().map_or(Ok(()), |link| loopback::make_room(&link.socket()?, little))
    }

    fn tcp(&self) -> Option<&Link<TcpStream>> {
        match self {
            Self::Plain(link) => Some(link),
            Self::Tls(stream) => Some(stream.get_ref().0.get_ref()),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A message from the server.
pub(crate) enum Backend {
    /// One that `postgres-protocol` knows.
    Message(Message),
    /// A replication stream begins.
    CopyBoth,
    /// The server speaks an older minor version of the protocol than was asked for.
    NegotiateProtocolVersion,
}

/// A socket with its buffers.
pub(crate) struct Wire {
    socket: Socket,
    input: BytesMut,
    output: BytesMut,
    read_size: usize,
}

impl Wire {
    pub(crate) fn new(socket: Socket) -> Self {
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Self { socket, input, output, read_size: READ_SIZE }
    }

    /// From now on much is received at once.
    pub(crate) fn read_much(&mut self) {
        self.read_size = BULK_READ_SIZE;
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Where frontend messages are written to before [`Wire::flush`].
    pub(crate) fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Sends what was written. Dropping the future loses nothing: what is left goes out first
    /// next time.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        while self.output.has_remaining() {
            self.socket.write_buf(&mut self.output).await.map_err(io_error)?;
        }
        self.socket.flush().await.map_err(io_error)
    }

    /// The next message. Dropping the future loses nothing: what has arrived stays in the buffer.
    pub(crate) async fn read_message(&mut self) -> Result<Backend> {
        loop {
            if let Some(message) = next_message(&mut self.input)? {
                return Ok(message);
            }
            // What is left of the room is used up first: making new room moves half a message.
            if self.input.capacity() - self.input.len() < READ_SIZE {
                self.input.reserve(self.read_size);
            }
            if self.socket.read_buf(&mut self.input).await.map_err(io_error)? == 0 {
                return Err(Error::Closed);
            }
        }
    }

    /// Ends the connection for writing.
    pub(crate) async fn shutdown(&mut self) -> Result<()> {
        self.socket.shutdown().await.map_err(io_error)
    }

    /// A connection of which these bytes were read already.
    pub(crate) fn from_parts(socket: Socket, input: BytesMut) -> Self {
        Self { input, ..Self::new(socket) }
    }

    /// The socket, and the bytes that were read from it but not yet asked for.
    pub(crate) fn into_parts(self) -> (Socket, BytesMut) {
        (self.socket, self.input)
    }
}

/// Tells what broke the connection: TLS, the server's silence, or the network.
fn io_error(error: io::Error) -> Error {
    match error.kind() {
        // The other side went away without TLS's goodbye, which PostgreSQL never sends.
        io::ErrorKind::UnexpectedEof => Error::Closed,
        _ => tls::alert(error).map_or_else(Error::Io, Error::Tls),
    }
}

/// Takes one whole message out of the buffer, or nothing.
fn next_message(input: &mut BytesMut) -> Result<Option<Backend>> {
    let Some(header) = Header::parse(input).map_err(malformed)? else { return Ok(None) };
    let tag = header.tag();
    let total = usize::try_from(header.len()).unwrap_or(0) + 1;
    if total > MAX_MESSAGE_LENGTH {
        return Err(Error::protocol(format!(
            "a message {:?} of {total} bytes; at most {MAX_MESSAGE_LENGTH} are expected",
            char::from(tag)
        )));
    }
    if input.len() < total {
        return Ok(None);
    }
    match tag {
        COPY_BOTH_RESPONSE_TAG => {
            check_copy_both(&input.split_to(total)[HEADER_LENGTH..])?;
            Ok(Some(Backend::CopyBoth))
        }
        NEGOTIATE_PROTOCOL_VERSION_TAG => {
            input.advance(total);
            Ok(Some(Backend::NegotiateProtocolVersion))
        }
        _ => Ok(Message::parse(input).map_err(malformed)?.map(Backend::Message)),
    }
}

fn malformed(error: io::Error) -> Error {
    Error::protocol(format!("a malformed message: {error}"))
}

fn check_copy_both(body: &[u8]) -> Result<()> {
    if let [0, high, low, formats @ ..] = body
        && formats.len() == 2 * usize::from(u16::from_be_bytes([*high, *low]))
    {
        return Ok(());
    }
    Err(Error::protocol("a malformed CopyBothResponse"))
}

/// Gathers the fields of an ErrorResponse or NoticeResponse.
pub(crate) fn server_error(mut fields: ErrorFields<'_>) -> Result<ServerError> {
    let mut error = ServerError::default();
    while let Some(field) = fields.next().map_err(malformed)? {
        error.set_field(field.type_(), field.value_bytes());
    }
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ParameterStatus, ErrorResponse, CopyBothResponse, NegotiateProtocolVersion, ReadyForQuery.
    const MESSAGES: &[&[u8]] = &[
        b"S\0\0\0\x08a\0b\0",
        b"E\0\0\0\x0fSFATAL\0M!\0\0",
        b"W\0\0\0\x09\0\0\x01\0\0",
        b"v\0\0\0\x0c\0\0\0\0\0\0\0\0",
        b"Z\0\0\0\x05I",
    ];

    fn drain(input: &mut BytesMut) -> Result<usize> {
        let mut count = 0;
        while next_message(input)?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn any_split_gives_the_same_messages() {
        let stream = MESSAGES.concat();
        for cut in 0..=stream.len() {
            let mut input = BytesMut::from(&stream[..cut]);
            let before = drain(&mut input).expect("whole messages");
            input.extend_from_slice(&stream[cut..]);
            let after = drain(&mut input).expect("whole messages");
            assert_eq!((before + after, input.len()), (MESSAGES.len(), 0), "cut at {cut}");
        }
    }

    #[test]
    fn any_flipped_byte_gives_messages_or_an_error() {
        let stream = MESSAGES.concat();
        for position in 0..stream.len() {
            for bit in 0..8 {
                let mut input = BytesMut::from(&stream[..]);
                input[position] ^= 1 << bit;
                // No panic and no memory for a length that is only claimed.
                let _ = drain(&mut input);
                assert!(input.capacity() <= 4096, "byte {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn impossible_lengths_are_refused_at_once() {
        for bytes in [b"D\0\0\0\x03", b"D\xFF\xFF\xFF\xFF", b"D\x7F\xFF\xFF\xFF", b"D\x04\0\0\0"] {
            let mut input = BytesMut::from(&bytes[..]);
            assert!(matches!(next_message(&mut input), Err(Error::Protocol(_))), "{bytes:?}");
        }
    }

    #[test]
    fn a_copy_both_response_must_be_whole() {
        for body in [&b""[..], b"\0\0", b"\x01\0\0", b"\0\0\x01", b"\0\0\0\0", b"\0\0\x01\0\0\0"] {
            assert!(check_copy_both(body).is_err(), "{body:?}");
        }
        assert!(check_copy_both(b"\0\0\0").is_ok());
    }
}
