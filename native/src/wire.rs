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
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::server_error::ServerError;
use crate::tcp::Tcp;
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

/// A connection's bytes, plain or in TLS.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Without TLS.
    Plain(Tcp),
    /// In TLS.
    Tls(Box<TlsStream<BufReader<Tcp>>>),
}

impl Socket {
    /// Lets bytes gather, without a word of them, until it is used again.
    pub(crate) fn rest(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.rest(),
            Self::Tls(stream) => stream.get_mut().0.get_mut().rest(),
        }
    }

    /// Whether bytes were received that were not read yet.
    pub(crate) fn holds_more(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => !stream.get_ref().0.buffer().is_empty(),
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
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
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
}

impl Wire {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, input: BytesMut::new(), output: BytesMut::new() }
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
            self.input.reserve(READ_SIZE);
            if self.socket.read_buf(&mut self.input).await.map_err(io_error)? == 0 {
                return Err(Error::Closed);
            }
        }
    }

    /// Ends the connection for writing.
    pub(crate) async fn shutdown(&mut self) -> Result<()> {
        self.socket.shutdown().await.map_err(io_error)
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
