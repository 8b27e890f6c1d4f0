//! A data directory of a test's own and the server process that works on it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};

use crate::certificates::{self, TlsFiles};
use crate::guard::Guard;
use crate::install::{Installed, installed};
use crate::server::{ServerOptions, Tls};

/// How often another port is tried when somebody took the one that was free.
const PORT_TRIES: u32 = 5;
const START_TIMEOUT: Duration = Duration::from_secs(180);
/// How long connections may take to end before they are cut.
const FAST_STOP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);
/// The line of `postmaster.pid` that says whether the server takes connections.
const STATUS_LINE: usize = 7;

/// The same as in `harness/configuration.js`.
const SETTINGS: [(&str, &str); 7] = [
    ("wal_level", "logical"),
    ("max_wal_senders", "32"),
    ("max_replication_slots", "32"),
    ("max_prepared_transactions", "16"),
    ("shared_buffers", "16MB"),
    // Data that is thrown away need not survive a power cut.
    ("fsync", "off"),
    ("listen_addresses", "127.0.0.1"),
];

/// The socket is the harness's own way in, whatever a test does to TCP.
const HBA: &str = "\
local all,replication all trust
host all,replication md5_user all md5
host all,replication password_user all password
host all,replication trust_user all trust
host all,replication all all scram-sha-256
";

/// An embedded server.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) tls: Option<TlsFiles>,
    name: String,
    installed: &'static Installed,
    /// The folder of `postgres`.
    bin: PathBuf,
    process: Option<Child>,
    guard: Guard,
}

/// Says which file it was.
fn done<T>(path: &Path, result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A new folder with a short path, since a socket's path may have about 100 bytes.
fn new_folder(installed: &Installed) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("walscope-{}-{count}-{:x}", std::process::id(), since.subsec_nanos());
    let folder = installed.parent.join(name);
    done(&folder, fs::create_dir(&folder));
    folder
}

/// A program that runs as the server's user, apart from the caller's PostgreSQL settings.
fn command(installed: &Installed, program: &Path) -> Command {
    let mut command = Command::new(program);
    let settings =
        std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG"));
    for (name, _) in settings {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/").stdin(Stdio::null());
    if let Some(owner) = installed.owner {
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}

fn free_port() -> u16 {
    let probe = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    probe.unwrap_or_else(|error| panic!("no free port on 127.0.0.1: {error}")).port()
}

impl Cluster {
    pub(crate) fn start(options: &ServerOptions) -> Self {
        let installed = installed(options.major);
        let mut cluster = Self::new(installed, options);
        cluster.copy(&installed.template);
        cluster.prepare(options);
        cluster.start_anywhere()
    }

    /// A standby of a server that is stopped: a copy of its data, without its slots.
    pub(crate) fn start_standby(primary: &Self, options: &ServerOptions) -> Self {
        let mut cluster = Self::new(primary.installed, options);
        cluster.copy(&primary.data());
        let (data, slots) = (cluster.data(), cluster.data().join("pg_replslot"));
        for slot in done(&slots, fs::read_dir(&slots)) {
            let path = done(&slots, slot).path();
            done(&path, fs::remove_dir_all(&path));
        }
        let signal = data.join("standby.signal");
        done(&signal, File::create(&signal));
        cluster.prepare(options);
        cluster.start_anywhere()
    }

    /// A server on data that `make` puts into the folder that it is given; it may put tablespaces beside
    /// it.
    pub(crate) fn start_made(options: &ServerOptions, make: impl FnOnce(&Path)) -> Self {
        let installed = installed(options.major);
        let mut cluster = Self::new(installed, options);
        let folder = &cluster.folder;
        done(folder, fs::set_permissions(folder, fs::Permissions::from_mode(0o755)));
        make(&cluster.data());
        cluster.prepare(options);
        if let Some(owner) = installed.owner {
            let who = format!("{}:{}", owner.uid, owner.gid);
            let chowned = Command::new("chown").args(["-R", &who]).arg(&cluster.folder).status();
            assert!(done(&cluster.folder, chowned).success(), "chown fails");
        }
        cluster.start_anywhere()
    }

    fn new(installed: &'static Installed, options: &ServerOptions) -> Self {
        let folder = new_folder(installed);
        Self {
            guard: Guard::of(&folder),
            name: format!("PostgreSQL {}", options.major),
            bin: options.bin.clone().unwrap_or_else(|| installed.bin.clone()),
            port: 0,
            tls: None,
            process: None,
            installed,
            folder,
        }
    }

    fn start_anywhere(mut self) -> Self {
        for _ in 0..PORT_TRIES {
            self.port = free_port();
            if self.start_on_port() {
                return self;
            }
        }
        panic!("no free port in {PORT_TRIES} tries");
    }

    /// Makes the folder, and the data in it that of another server.
    fn copy(&self, from: &Path) {
        let (folder, data) = (&self.folder, self.data());
        if let Some(owner) = self.installed.owner {
            done(folder, chown(folder, Some(owner.uid), Some(owner.gid)));
        }
        done(folder, fs::set_permissions(folder, fs::Permissions::from_mode(0o755)));
        let copied =
            command(self.installed, Path::new("cp")).arg("-R").args([from, &data]).status();
        assert!(
            done(&data, copied).success(),
            "cannot copy {} to {}",
            from.display(),
            data.display()
        );
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn make_folder(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        done(&path, fs::create_dir(&path));
        if let Some(owner) = self.installed.owner {
            done(&path, chown(&path, Some(owner.uid), Some(owner.gid)));
        }
        path
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    pub(crate) fn log(&self) -> String {
        fs::read(self.folder.join("log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn prepare(&mut self, options: &ServerOptions) {
        let (folder, data) = (&self.folder, self.data());
        let mut settings = String::new();
        let mut set = |name: &str, value: &str| {
            settings.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        };
        SETTINGS.iter().for_each(|(name, value)| set(name, value));
        set("unix_socket_directories", &folder.display().to_string());
        if let Some((tls, files)) = self.certificates(options.tls) {
            set("ssl", "on");
            set("ssl_ca_file", &tls.ca.display().to_string());
            set("ssl_cert_file", &files.certificate.display().to_string());
            set("ssl_key_file", &files.key.display().to_string());
            self.tls = Some(tls);
        }
        options.settings.iter().for_each(|(name, value)| set(name, value));
        let path = data.join("postgresql.conf");
        let mut file = done(&path, OpenOptions::new().append(true).open(&path));
        done(&path, write!(file, "\n{settings}"));
        let own: String = options.hba.iter().map(|line| format!("{line}\n")).collect();
        let path = data.join("pg_hba.conf");
        done(&path, fs::write(&path, own + HBA));
    }

    fn certificates(&self, tls: Tls) -> Option<(TlsFiles, certificates::ServerFiles)> {
        let names: &[&str] = match tls {
            Tls::Off => return None,
            Tls::On => &["localhost", "127.0.0.1"],
            Tls::WrongName => &["elsewhere.example"],
        };
        let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
        let folder = self.folder.join("tls");
        done(&folder, fs::create_dir(&folder));
        let (tls, files) = certificates::make(&folder, &names);
        done(&files.key, fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)));
        if let Some(owner) = self.installed.owner {
            done(&files.key, chown(&files.key, Some(owner.uid), Some(owner.gid)));
        }
        Some((tls, files))
    }

    /// False when somebody has the port.
    pub(crate) fn start_on_port(&mut self) -> bool {
        let before = self.log().len();
        self.spawn();
        if self.wait_until_ready() {
            return true;
        }
        let log = self.log();
        let said = log.get(before..).unwrap_or_default();
        assert!(said.contains("Address already in use"), "{} did not start:\n{said}", self.name);
        false
    }

    fn spawn(&mut self) {
        let path = self.folder.join("log");
        let log = done(&path, OpenOptions::new().append(true).create(true).open(&path));
        let copy: File = done(&path, log.try_clone());
        let program = self.bin.join("postgres");
        let child = command(self.installed, &program)
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .stdout(log)
            .stderr(copy)
            // An interrupt at the terminal is for the test; the guard then stops the server.
            .process_group(0)
            .spawn();
        let child = done(&program, child);
        self.guard.running(child.id());
        self.process = Some(child);
    }

    /// The server says in its lock file when it takes connections, so nobody has to try.
    fn wait_until_ready(&mut self) -> bool {
        let path = self.data().join("postmaster.pid");
        let deadline = Instant::now() + START_TIMEOUT;
        while let Some(child) = self.process.as_mut() {
            if let Ok(Some(_)) = child.try_wait() {
                self.process = None;
                self.guard.stopped();
                return false;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let mut lines = text.lines();
            let own = lines.next() == Some(child.id().to_string().as_str());
            if own && lines.nth(STATUS_LINE - 1).is_some_and(|line| line.trim() == "ready") {
                return true;
            }
            if Instant::now() > deadline {
                self.end(Signal::QUIT);
            }
            sleep(POLL);
        }
        false
    }

    /// Stops the server in order, as `SIGINT` asks, or as a crash would, as `SIGQUIT` does.
    pub(crate) fn end(&mut self, signal: Signal) {
        let Some(mut child) = self.process.take() else { return };
        send(&child, signal);
        let deadline = Instant::now() + FAST_STOP;
        let mut cut = false;
        while let Ok(None) = child.try_wait() {
            if !cut && Instant::now() > deadline {
                send(&child, Signal::QUIT);
                cut = true;
            }
            sleep(POLL);
        }
        self.guard.stopped();
    }
}

/// The child has not been waited for, so its pid is still its own.
fn send(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // A server that has just ended needs no signal.
        let _ = kill_process(pid, signal);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end(Signal::INT);
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
        self.guard.done();
    }
}
