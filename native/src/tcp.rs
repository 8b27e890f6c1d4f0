//! A TCP connection that can rest.
//!
//! The runtime is woken for whatever arrives on a connection, whether somebody reads or not: once
//! for nearly every message that the server sends. While a stream lets messages gather, that would
//! be most of its work, and the server's, which does the waking. A connection that rests is not
//! watched; using it again ends the rest.

use std::io::{self, Write as _};
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Tcp(State);

#[derive(Debug)]
enum State {
    /// The runtime tells when something arrives.
    Watched(TcpStream),
    /// It does not.
    Resting(net::TcpStream),
    /// Between the two something went wrong, and was told.
    Broken,
}

impl Tcp {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self(State::Watched(stream))
    }

    /// Nobody wants to know what arrives, until the connection is used again.
    pub(crate) fn rest(&mut self) -> io::Result<()> {
        self.0 = match std::mem::replace(&mut self.0, State::Broken) {
            State::Watched(stream) => State::Resting(stream.into_std()?),
            other => other,
        };
        Ok(())
    }

    fn watched(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.0 = match std::mem::replace(&mut self.0, State::Broken) {
            State::Resting(stream) => State::Watched(TcpStream::from_std(stream)?),
            other => other,
        };
        match &mut self.0 {
            State::Watched(stream) => Ok(Pin::new(stream)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().watched()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // A status is small and nearly always fits: no reason to end the rest.
        if let State::Resting(stream) = &mut this.0
            && let Ok(written) = stream.write(bytes)
        {
            return Poll::Ready(Ok(written));
        }
        this.watched()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().watched()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn nothing_is_lost_in_a_rest() -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let mut ours = Tcp::new(TcpStream::connect(listener.local_addr()?).await?);
            let (mut theirs, _) = listener.accept().await?;
            let mut buffer = [0; 4];
            for _ in 0..3 {
                ours.rest()?;
                ours.rest()?;
                theirs.write_all(b"rows").await?;
                // Writing leaves it at rest.
                ours.write_all(b"lsn!").await?;
                assert!(matches!(ours.0, State::Resting(_)));
                theirs.read_exact(&mut buffer).await?;
                assert_eq!(&buffer, b"lsn!");
                ours.read_exact(&mut buffer).await?;
                assert_eq!(&buffer, b"rows");
            }
            ours.rest()?;
            drop(theirs);
            assert_eq!(ours.read(&mut buffer).await?, 0);
            Ok(())
        })
    }
}
