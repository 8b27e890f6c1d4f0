//! Receivers and servers that are killed at random moments: nothing that was reported as flushed may be
//! lost, and in the end the archive is the server's own log.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use walscope_core::Lsn;

use super::{Archive, PATIENCE, SEGMENT, end, last_whole, server};
use crate::program::Program;
use crate::random::Random;
use crate::{Major, Server};

/// How much is killed.
#[derive(Clone, Copy, Debug)]
pub struct KillOptions {
    /// The server's version.
    pub major: Major,
    /// How often the receivers are killed.
    pub clients: usize,
    /// How often the server is killed among that.
    pub servers: usize,
    /// What the choices are made by.
    pub seed: u64,
}

/// A receiver, and how it is started.
struct Subject {
    archive: Archive,
    slot: &'static str,
    arguments: &'static [&'static str],
    /// Where the slot was before anything was reported.
    reserved: Lsn,
}

const SUBJECTS: [(&str, &[&str]); 2] = [
    ("plain", &["-S", "plain", "--synchronous"]),
    ("packed", &["-S", "packed", "--synchronous", "-Z", "zstd:1"]),
];

/// Kills, checks after each time, and says what was done.
///
/// # Panics
///
/// Where something is lost.
pub fn kills(options: KillOptions) -> String {
    let mut server = server(options.major, &[]);
    server.sql("CREATE TABLE killed (id int, v text)");
    // The slots are reserved from the checkpoint on, at the beginning of a segment.
    server.sql("SELECT pg_switch_wal()");
    server.sql("CHECKPOINT");
    let mut random = Random::new(options.seed);
    let subjects = SUBJECTS.map(|(slot, arguments)| {
        server.sql(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)"));
        let (archive, reserved) = (Archive::new(&server, slot), position(&server, slot));
        Subject { archive, slot, arguments, reserved }
    });
    let mut checked = 0;
    for round in 0..options.clients {
        let writer = Writer::start(&server);
        let mut receivers = subjects.each_ref().map(|subject| subject.start(&server));
        thread::sleep(Duration::from_millis(random.between(100, 1200) as u64));
        // So many of the rounds, spread evenly.
        let dies = (round + 1) * options.servers / options.clients
            > round * options.servers / options.clients;
        if dies {
            kill_all(&server);
            thread::sleep(Duration::from_millis(random.between(0, 100) as u64));
        }
        for receiver in &receivers {
            receiver.signal(Signal::KILL);
        }
        writer.stop();
        if dies {
            server.restart();
        }
        for (subject, receiver) in subjects.iter().zip(&mut receivers) {
            let _ = receiver.errors_so_far();
            checked += subject.check_reported(&server);
        }
    }
    server.sql("SELECT pg_switch_wal()");
    let last = last_whole(&server);
    let mut segments = 0;
    for subject in &subjects {
        let mut receiver = subject.start(&server);
        subject.archive.wait_for(&last, &mut receiver);
        end(receiver);
        segments += subject.archive.check_against(&server).len();
    }
    assert!(checked > 0, "nothing was ever reported: the moments are too short");
    format!(
        "PostgreSQL {}: receivers killed {} times, the server {} times: {checked} bytes that were \
         reported as flushed were there each time, {segments} segments are the server's own",
        options.major,
        options.clients * subjects.len(),
        options.servers
    )
}

impl Subject {
    fn start(&self, server: &Server) -> Program {
        self.archive.receive(&server.conninfo(), self.arguments)
    }

    /// What the slot was told is flushed is in the archive. Returns how many bytes of the last segment
    /// were looked at.
    fn check_reported(&self, server: &Server) -> u64 {
        let slot = self.slot;
        let told = position(server, slot);
        let length = usize::try_from(told.0 % SEGMENT).expect("less than a segment");
        if told == self.reserved || length == 0 {
            return 0;
        }
        let name = format!("00000001{:08X}{:08X}", told.0 >> 32, (told.0 & 0xFFFF_FFFF) / SEGMENT);
        let ours = self.archive.segment(&name).map(|(_, bytes)| bytes).unwrap_or_default();
        let theirs = fs::read(server.data_dir().join("pg_wal").join(&name)).expect("a segment");
        assert!(
            ours.len() >= length && ours[..length] == theirs[..length],
            "{slot}: {told} was reported, but {name} has {} bytes of {length}: {:?}",
            ours.len(),
            self.archive.files()
        );
        length as u64
    }
}

/// What a slot was told is flushed.
fn position(server: &Server, slot: &str) -> Lsn {
    let sql =
        format!("SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = '{slot}'");
    server.value(&sql).parse().expect("an LSN")
}

/// Rows that are written until it is stopped.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Writer {
    fn start(server: &Server) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let config = server.socket().clone();
        let thread = thread::spawn(move || {
            let began = Instant::now();
            let mut count = 0_u32;
            while !stopped.load(Ordering::Relaxed) && began.elapsed() < Duration::from_secs(20) {
                count += 1;
                let switch = if count.is_multiple_of(40) { "SELECT pg_switch_wal()" } else { "" };
                // The server may be gone.
                let _ = crate::sql::run(
                    &config,
                    &format!(
                        "INSERT INTO killed SELECT n, md5(n::text) FROM generate_series(1, 500) n; \
                         {switch}"
                    ),
                );
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a writer");
    }
}

/// Kills the server's processes, all of them: they work in its data directory. One that was just being
/// made is found when it is looked for again.
///
/// # Panics
///
/// Where it does not run, or does not die.
pub fn kill_all(server: &Server) {
    let postmaster = server.pid().expect("it runs");
    kill(postmaster);
    let (folder, began) = (server.data_dir(), Instant::now());
    loop {
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let at_work: Vec<u32> = processes
            .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
            .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
            .collect();
        if at_work.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{at_work:?} do not die");
        at_work.into_iter().for_each(kill);
        thread::sleep(Duration::from_millis(5));
    }
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    // It may have ended by itself.
    let _ = kill_process(pid, Signal::KILL);
}
