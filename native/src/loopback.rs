//! TCP to a server on this machine.
//!
//! There is no network card that would gather packets: each message of the server goes the whole way
//! by itself, in the server's time, which costs it as much as decoding the change. While the other
//! side has no room, Linux appends messages to what waits to be sent, and sends that in few pieces.
//! So a stream that lets small messages gather makes little room for them. `tcp(7)`, `socket(7)`.

use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

/// Room for small messages, in bytes. Linux takes twice that, for what it keeps of each packet. In
/// twice that room such packets were lost, now and then, for want of it.
const LITTLE: usize = 32 * 1024;
/// Room for others; the system may allow less (`net.core.rmem_max`).
const MUCH: usize = 2 * 1024 * 1024;
/// What the server may have been allowed to send when room becomes little, in bytes.
pub(crate) const ALLOWED: u64 = 2 * MUCH as u64;
/// No segment is larger, in bytes. It must fit into whatever little room there is: else the server
/// waits for more, each time a fifth of a second.
#[cfg(target_os = "linux")]
const SEGMENT: u32 = 16 * 1024;

/// Whether the other side is on this machine, where any of this is known to help.
pub(crate) fn is_loopback(peer: SocketAddr) -> bool {
    cfg!(target_os = "linux") && peer.ip().is_loopback()
}

/// A connection whose room may become little.
pub(crate) async fn connect(peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Where the system refuses, all is as for other connections.
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(&socket).set_tcp_mss(SEGMENT);
    socket.connect(peer).await
}

/// Whether [`connect`] made it, and the system did as it was told.
pub(crate) fn may_have_little_room(socket: &SockRef<'_>, peer: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    let is_small = socket.tcp_mss().is_ok_and(|mss| mss <= SEGMENT);
    #[cfg(not(target_os = "linux"))]
    let is_small = {
        _ = socket;
        false
    };
    is_loopback(peer) && is_small
}

/// Makes little room for what the server sends, or much again.
pub(crate) fn make_room(socket: &SockRef<'_>, little: bool) -> io::Result<()> {
    socket.set_recv_buffer_size(if little { LITTLE } else { MUCH })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const MESSAGES: u32 = 50_000;

    async fn small_messages(mut to: TcpStream) -> io::Result<()> {
        to.set_nodelay(true)?;
        for number in 0..MESSAGES {
            to.write_all(&number.to_be_bytes()).await?;
        }
        Ok(())
    }

    async fn all_come(listener: TcpListener) -> io::Result<()> {
        let mut stream = connect(listener.local_addr()?).await?;
        let sender = tokio::spawn(small_messages(listener.accept().await?.0));
        let peer = stream.peer_addr()?;
        assert!(may_have_little_room(&SockRef::from(&stream), peer));
        let mut received = Vec::new();
        // Room is made and taken back in the middle, and what comes meanwhile gathers.
        for little in [true, false, true].iter().cycle() {
            make_room(&SockRef::from(&stream), *little)?;
            tokio::time::sleep(Duration::from_millis(5)).await;
            if received.len() == 4 * MESSAGES as usize {
                break;
            }
            stream.read_buf(&mut received).await?;
        }
        let numbers = received.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
        assert!(numbers.eq(0..MESSAGES));
        sender.await?
    }

    #[tokio::test]
    async fn whatever_the_room_all_comes() -> io::Result<()> {
        all_come(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?).await?;
        // Not every machine has it.
        match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await {
            Ok(listener) => all_come(listener).await,
            Err(_) => Ok(()),
        }
    }

    #[tokio::test]
    async fn other_connections_are_left_alone() -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        assert!(!may_have_little_room(&SockRef::from(&stream), stream.peer_addr()?));
        Ok(())
    }
}
