//! The command line: the options of `pg_receivewal`, which are read in its way and refused in its words.

use std::path::PathBuf;
use std::time::Duration;

use walscope_core::Lsn;

use crate::cli::getopt::{Given, Known, Value};
use crate::cli::pg_tool::{Options, Others, Stop, known, os};
use crate::cli::server_options::ServerOptions;
use crate::{Compression, CompressionMethod};

/// The longest status interval in seconds: milliseconds have to fit 31 bits.
const LONGEST_INTERVAL: i64 = 2_147_483;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Settings {
    /// The name that it speaks under.
    pub(super) program: &'static str,
    pub(super) server: ServerOptions,
    pub(super) directory: Option<PathBuf>,
    /// 0/0: none.
    pub(super) end: Lsn,
    pub(super) if_not_exists: bool,
    pub(super) no_loop: bool,
    pub(super) sync: bool,
    pub(super) status_interval: Duration,
    pub(super) slot: Option<String>,
    pub(super) synchronous: bool,
    pub(super) verbose: bool,
    pub(super) compression: Option<Compression>,
    pub(super) verify: bool,
    pub(super) reserve_wal: bool,
    pub(super) create_slot: bool,
    pub(super) drop_slot: bool,
}

const OWN: [Known; 15] = [
    known("directory", b'D', Value::Required),
    known("endpos", b'E', Value::Required),
    known("no-loop", b'n', Value::No),
    known("status-interval", b's', Value::Required),
    known("slot", b'S', Value::Required),
    known("verbose", b'v', Value::No),
    known("compress", b'Z', Value::Required),
    known("create-slot", 0, Value::No),
    known("drop-slot", 0, Value::No),
    known("if-not-exists", 0, Value::No),
    known("synchronous", 0, Value::No),
    known("no-sync", 0, Value::No),
    // Not pg_receivewal's: they may not make the beginnings of its names ambiguous.
    Known { letter: None, name: "verify", value: Value::No, shortens: false },
    Known { letter: None, name: "reserve-wal", value: Value::No, shortens: false },
    Known { letter: None, name: "conninfo", value: Value::Required, shortens: false },
];

impl Options for Settings {
    type Settings = Self;

    fn new(program: &'static str) -> Self {
        Self {
            program,
            server: ServerOptions::default(),
            directory: None,
            end: Lsn::INVALID,
            if_not_exists: false,
            no_loop: false,
            sync: true,
            status_interval: Duration::from_secs(10),
            slot: None,
            synchronous: false,
            verbose: false,
            compression: None,
            verify: false,
            reserve_wal: false,
            create_slot: false,
            drop_slot: false,
        }
    }

    fn known() -> Vec<Known> {
        OWN.into_iter().chain(ServerOptions::KNOWN).collect()
    }

    fn take(&mut self, given: &Given) -> Result<(), Stop> {
        if self.server.take(given) {
            return Ok(());
        }
        let bytes = given.value.as_deref().unwrap_or_default();
        let value = String::from_utf8_lossy(bytes).into_owned();
        match given.name {
            "directory" => self.directory = Some(os(bytes).into()),
            "conninfo" => self.server.set_conninfo(bytes),
            "endpos" => {
                let refused = || Stop::new(format!("could not parse end position \"{value}\""));
                self.end = value.parse().map_err(|_| refused())?;
            }
            "no-loop" => self.no_loop = true,
            "status-interval" => self.status_interval = interval(&value)?,
            "slot" => self.slot = Some(value),
            "verbose" => self.verbose = true,
            "compress" => self.compression = compression(&value)?,
            "create-slot" => self.create_slot = true,
            "drop-slot" => self.drop_slot = true,
            "if-not-exists" => self.if_not_exists = true,
            "synchronous" => self.synchronous = true,
            "no-sync" => self.sync = false,
            "verify" => self.verify = true,
            _ => self.reserve_wal = true,
        }
        Ok(())
    }

    fn finish(mut self, others: Others) -> Result<Self, Stop> {
        self.server.take_others(others)?;
        self.check()?;
        Ok(self)
    }
}

impl Settings {
    fn check(&self) -> Result<(), Stop> {
        let refuse = |text: &str| Err(Stop::usage(text));
        if self.drop_slot && self.create_slot {
            return refuse("cannot use --create-slot together with --drop-slot");
        }
        if self.slot.is_none() && self.drop_slot {
            return refuse("--drop-slot needs a slot to be specified using --slot");
        }
        if self.slot.is_none() && self.create_slot {
            return refuse("--create-slot needs a slot to be specified using --slot");
        }
        if self.reserve_wal && !self.create_slot {
            return refuse("--reserve-wal goes with --create-slot");
        }
        if self.synchronous && !self.sync {
            return refuse("cannot use --synchronous together with --no-sync");
        }
        if self.directory.is_none() && !self.drop_slot && !self.create_slot {
            return refuse("no target directory specified");
        }
        Ok(())
    }
}

/// `option_parse_int`.
fn interval(value: &str) -> Result<Duration, Stop> {
    const OPTION: &str = "-s/--status-interval";
    let seconds: i64 = value
        .trim()
        .parse()
        .map_err(|_| Stop::new(format!("invalid value \"{value}\" for option {OPTION}")))?;
    if !(0..=LONGEST_INTERVAL).contains(&seconds) {
        return Err(Stop::new(format!("{OPTION} must be in range 0..{LONGEST_INTERVAL}")));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// `parse_compress_options`: a method with details, or gzip's level alone.
fn compression(value: &str) -> Result<Option<Compression>, Stop> {
    if let Ok(level) = value.parse::<i32>() {
        let gzip = Compression { level: Some(level), ..Compression::new(CompressionMethod::Gzip) };
        return match level {
            0 => Ok(None),
            _ => Ok(Some(gzip.to_string().parse()?)),
        };
    }
    match value.split_once(':') {
        None if value == "none" => Ok(None),
        Some(("none", _)) => Err(Stop::new(
            "invalid compression specification: compression algorithm \"none\" does not accept a \
             compression level",
        )),
        _ => Ok(Some(value.parse()?)),
    }
}
