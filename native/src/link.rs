//! A connection, over TCP or a Unix-domain socket, that can rest.
//!
//! The runtime is woken for whatever arrives on a connection, whether somebody reads or not: once
//! for nearly every message that the server sends. While a stream lets messages gather, that would
//! be most of its work, and the server's, which does the waking. A connection that rests is not
//! watched: what is there can be read, but nobody is woken for what comes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// What is read at once at rest, in bytes: it is cleared first.
const MOST_AT_REST: usize = 64 * 1024;

/// A connection that the runtime watches, and can let go of.
pub(crate) trait Watched: AsyncRead + AsyncWrite + Unpin + Sized {
    /// The same one when nobody watches it. It never blocks.
    type Resting: Read + Write + Unpin;

    fn into_resting(self) -> io::Result<Self::Resting>;
    fn from_resting(resting: Self::Resting) -> io::Result<Self>;
}

impl Watched for TcpStream {
    type Resting = std::net::TcpStream;

    fn into_resting(self) -> io::Result<Self::Resting> {
        self.into_std()
    }

    fn from_resting(resting: Self::Resting) -> io::Result<Self> {
        Self::from_std(resting)
    }
}

#[cfg(unix)]
impl Watched for UnixStream {
    type Resting = std::os::unix::net::UnixStream;

    fn into_resting(self) -> io::Result<Self::Resting> {
        self.into_std()
    }

    fn from_resting(resting: Self::Resting) -> io::Result<Self> {
        Self::from_std(resting)
    }
}

#[derive(Debug)]
pub(crate) struct Link<S: Watched>(State<S, S::Resting>);

#[derive(Debug)]
enum State<S, R> {
    /// The runtime tells when something arrives.
    Watched(S),
    /// It does not.
    Resting(R),
    /// Between the two something went wrong, and was told.
    Broken,
}

impl<S: Watched> Link<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self(State::Watched(stream))
    }

    /// Nobody is woken for what arrives, until [`Link::watch`].
    pub(crate) fn rest(&mut self) -> io::Result<()> {
        self.0 = match std::mem::replace(&mut self.0, State::Broken) {
            State::Watched(stream) => State::Resting(stream.into_resting()?),
            other => other,
        };
        Ok(())
    }

    /// Ends the rest, if there is one; says whether there was.
    pub(crate) fn watch(&mut self) -> io::Result<bool> {
        let rested = matches!(self.0, State::Resting(_));
        self.watched()?;
        Ok(rested)
    }

    fn watched(&mut self) -> io::Result<Pin<&mut S>> {
        self.0 = match std::mem::replace(&mut self.0, State::Broken) {
            State::Resting(stream) => State::Watched(S::from_resting(stream)?),
            other => other,
        };
        match &mut self.0 {
            State::Watched(stream) => Ok(Pin::new(stream)),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }
}

/// Whether nothing is wrong, and the same may go well another time.
fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Link<TcpStream> {
    /// The other side's address.
    pub(crate) fn peer(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            State::Watched(stream) => stream.peer_addr(),
            State::Resting(stream) => stream.peer_addr(),
            State::Broken => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// For the settings of the system.
    pub(crate) fn socket(&self) -> io::Result<SockRef<'_>> {
        match &self.0 {
            State::Watched(stream) => Ok(stream.into()),
            State::Resting(stream) => Ok(stream.into()),
            State::Broken => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl<S: Watched> AsyncRead for Link<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let State::Resting(stream) = &mut this.0 else {
            return this.watched()?.poll_read(cx, buffer);
        };
        let room = buffer.remaining().min(MOST_AT_REST);
        match stream.read(buffer.initialize_unfilled_to(room)) {
            Ok(read) => buffer.advance(read),
            // Who lets it rest has a timer, or watches it now.
            Err(error) if is_for_later(&error) => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Watched> AsyncWrite for Link<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // A status is small and nearly always fits: no reason to end the rest.
        if let State::Resting(stream) = &mut this.0 {
            match stream.write(bytes) {
                Err(error) if is_for_later(&error) => {}
                written => return Poll::Ready(written),
            }
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
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn run(test: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test)
    }

    async fn nothing_is_lost<S: Watched>(
        ours: S,
        mut theirs: impl AsyncRead + AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut ours = Link::new(ours);
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
            // So does reading what is there.
            ours.read_exact(&mut buffer).await?;
            assert_eq!(&buffer, b"rows");
            assert!(matches!(ours.0, State::Resting(_)));
            let nothing = poll_fn(|cx| {
                let mut buffer = ReadBuf::new(&mut buffer);
                Poll::Ready(Pin::new(&mut ours).poll_read(cx, &mut buffer).is_pending())
            });
            assert!(nothing.await);
            assert!(ours.watch()?);
            theirs.write_all(b"more").await?;
            ours.read_exact(&mut buffer).await?;
            assert_eq!(&buffer, b"more");
        }
        ours.rest()?;
        drop(theirs);
        assert!(ours.watch()?);
        assert_eq!(ours.read(&mut buffer).await?, 0);
        Ok(())
    }

    #[test]
    fn nothing_is_lost_in_a_rest() -> io::Result<()> {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let ours = TcpStream::connect(listener.local_addr()?).await?;
            nothing_is_lost(ours, listener.accept().await?.0).await
        })
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_lost_in_a_rest_of_a_unix_domain_socket() -> io::Result<()> {
        run(async {
            let (ours, theirs) = UnixStream::pair()?;
            nothing_is_lost(ours, theirs).await
        })
    }
}
