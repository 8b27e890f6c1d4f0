//! A network that can be disturbed: a TCP proxy before a server.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What is read at once.
const CHUNK: usize = 64 * 1024;

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The program's that connected.
    Client,
    /// The server's.
    Server,
}

/// Somebody who sees all bytes before they pass.
pub trait Watch: Send + Sync {
    /// A connection begins.
    fn connected(&self, connection: u64);

    /// Bytes arrive. Returns how many of them may pass; the rest and what follows waits for
    /// [`Proxy::cut`], and is lost.
    fn pass(&self, connection: u64, side: Side, bytes: &[u8]) -> usize;

    /// May damage bytes before that.
    fn damage(&self, _: Side, _: &mut [u8]) {}
}

/// Lets everything pass.
#[derive(Debug)]
struct NoWatch;

impl Watch for NoWatch {
    fn connected(&self, _: u64) {}

    fn pass(&self, _: u64, _: Side, bytes: &[u8]) -> usize {
        bytes.len()
    }
}

/// How the network is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Network {
    /// Nothing passes, and no connection ends.
    pub stalled: bool,
    /// Each piece takes so long.
    pub delay: Duration,
    /// The largest piece; 0: any size.
    pub piece: usize,
}

/// A proxy on a port of its own, gone with its value.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    target: AtomicU16,
    watch: Arc<dyn Watch>,
}

#[derive(Default)]
struct State {
    network: Network,
    /// So many bytes of the server pass before the connection breaks, then so many of the next one.
    breaks: VecDeque<usize>,
    connections: Vec<Connection>,
    opened: u64,
    closed: bool,
}

struct Connection {
    number: u64,
    client: TcpStream,
    server: TcpStream,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy before the server on that port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn start(target: u16) -> Self {
        Self::watched(target, Arc::new(NoWatch))
    }

    /// The same with somebody who sees everything.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn watched(target: u16, watch: Arc<dyn Watch>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            target: target.into(),
            watch,
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { port, shared }
    }

    /// Where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads to the server on another port from now on, as an address does that moves to a standby.
    pub fn lead_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::Relaxed);
    }

    /// Makes the network like this, for what passes from now on.
    pub fn set(&self, network: Network) {
        self.shared.lock().network = network;
        self.shared.changed.notify_all();
    }

    /// Breaks the connection when the server has sent so many bytes from now on, and the next one
    /// after the next number of bytes.
    pub fn break_after(&self, bytes: impl IntoIterator<Item = usize>) {
        self.shared.lock().breaks = bytes.into_iter().collect();
    }

    /// Cuts all connections, on both sides. What is held is lost.
    pub fn cut(&self) {
        for connection in self.take_all() {
            close(&connection.client);
            close(&connection.server);
        }
    }

    /// Cuts the clients off; the server knows nothing of it. Its halves are closed when they are
    /// dropped.
    pub fn abandon(&self) -> Abandoned {
        let connections = self.take_all();
        connections.iter().for_each(|connection| close(&connection.client));
        Abandoned(connections.into_iter().map(|connection| connection.server).collect())
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> u64 {
        self.shared.lock().opened
    }

    fn take_all(&self) -> Vec<Connection> {
        let taken = std::mem::take(&mut self.shared.lock().connections);
        self.shared.changed.notify_all();
        taken
    }
}

/// The server's halves of connections whose other halves are gone.
#[derive(Debug)]
pub struct Abandoned(Vec<TcpStream>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.iter().for_each(close);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// A socket that is closed already needs no closing.
fn close(socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Both);
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.lock().closed {
            return;
        }
        // Without a server the client's connection ends at once.
        let Ok(server) =
            TcpStream::connect((Ipv4Addr::LOCALHOST, shared.target.load(Ordering::Relaxed)))
        else {
            continue;
        };
        let sockets = [&client, &server].map(|socket| {
            socket.set_nodelay(true).and_then(|()| Ok([socket.try_clone()?, socket.try_clone()?]))
        });
        let [Ok([client_in, client_out]), Ok([server_in, server_out])] = sockets else { continue };
        let number = {
            let mut state = shared.lock();
            state.opened += 1;
            let number = state.opened;
            state.connections.push(Connection { number, client, server });
            number
        };
        shared.watch.connected(number);
        for (side, from, to) in
            [(Side::Client, client_in, server_out), (Side::Server, server_in, client_out)]
        {
            let shared = Arc::clone(shared);
            thread::spawn(move || Pump { number, side, to, is_gone: false, shared }.run(from));
        }
    }
}

/// One direction of a connection.
struct Pump {
    number: u64,
    side: Side,
    to: TcpStream,
    /// The other side has closed its socket.
    is_gone: bool,
    shared: Arc<Shared>,
}

impl Pump {
    fn run(mut self, mut from: TcpStream) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from.read(&mut chunk).unwrap_or_default();
            if !self.wait_while_stalled() {
                return;
            }
            if read == 0 {
                // The other side may have something to say yet.
                let _ = self.to.shutdown(Shutdown::Write);
                return;
            }
            self.shared.watch.damage(self.side, &mut chunk[..read]);
            if !self.forward(&chunk[..read]) {
                // A server that is told goodbye sends what it still has before it ends.
                if self.is_gone {
                    let _ = io::copy(&mut from, &mut io::sink());
                }
                return;
            }
        }
    }

    /// False when the connection is over.
    fn forward(&mut self, bytes: &[u8]) -> bool {
        let passing = self.shared.watch.pass(self.number, self.side, bytes);
        self.write(&bytes[..passing]) && (passing == bytes.len() || self.wait(|_| false))
    }

    fn write(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if !self.wait_while_stalled() {
                return false;
            }
            let network = self.shared.lock().network;
            let piece = if network.piece == 0 { bytes.len() } else { network.piece };
            let (now, rest) = bytes.split_at(piece.min(bytes.len()));
            thread::sleep(network.delay);
            let whole = self.until_break(now.len());
            if self.to.write_all(&now[..whole]).is_err() {
                self.is_gone = true;
                return false;
            }
            if whole < now.len() {
                self.break_off();
                return false;
            }
            bytes = rest;
        }
        true
    }

    /// How many of so many bytes may pass.
    fn until_break(&self, length: usize) -> usize {
        let mut state = self.shared.lock();
        match state.breaks.front_mut().filter(|_| self.side == Side::Server) {
            None => length,
            Some(left) => {
                let passing = length.min(*left);
                *left -= passing;
                passing
            }
        }
    }

    fn break_off(&self) {
        let mut state = self.shared.lock();
        state.breaks.pop_front();
        for connection in state.connections.iter().filter(|one| one.number == self.number) {
            close(&connection.client);
            close(&connection.server);
        }
    }

    fn wait_while_stalled(&self) -> bool {
        self.wait(|state| !state.network.stalled)
    }

    /// False when the connection was cut meanwhile.
    fn wait(&self, until: impl Fn(&State) -> bool) -> bool {
        let mut state = self.shared.lock();
        while state.is_open(self.number) && !until(&state) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_open(self.number)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_open(&self, number: u64) -> bool {
        self.connections.iter().any(|connection| connection.number == number)
    }
}
