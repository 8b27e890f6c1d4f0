//! The command line: the options of `pg_waldump`, which are read in its way and refused in its words.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use walscope_core::wal::stats::{GroupBy, StatisticsBy};
use walscope_core::wal::{Fork, PAGE_SIZE, RmgrId};
use walscope_core::{Lsn, Oid, RelFileLocator, TimelineId, Xid};

use super::filter::Filter;
use super::messages::Stop;
use super::scan;
use crate::cli::getopt::{CommandLine, Given, Known, Value};

/// What is to be done.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) output: Output,
    /// Lines of JSON instead of text.
    pub(super) is_json: bool,
    pub(super) bkp_details: bool,
    pub(super) quiet: bool,
    pub(super) follow: bool,
    /// How many records; 0 or less: all.
    pub(super) limit: i32,
    pub(super) path: Option<PathBuf>,
    pub(super) filter: Filter,
    /// 0/0: not given.
    pub(super) start: Lsn,
    /// 0/0: not given.
    pub(super) end: Lsn,
    pub(super) timeline: TimelineId,
    pub(super) save_fullpage: Option<PathBuf>,
    /// A connection string, or a file.
    pub(super) catalog: Option<String>,
    pub(super) rows: bool,
    /// How many threads read the log; `None`: as many as there are processors.
    pub(super) jobs: Option<NonZeroUsize>,
    /// STARTSEG and ENDSEG.
    pub(super) segments: Vec<PathBuf>,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A line, or several, a record.
    Records,
    /// A table of resource managers or of kinds of records.
    Statistics(StatisticsBy),
    /// A table of relations, transactions, minutes or parts of the log.
    Groups(GroupBy),
    /// A line a transaction.
    Transactions,
    /// A line a checkpoint.
    Checkpoints,
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) enum Request {
    Dump(Box<Settings>),
    Help,
    Version,
    /// The names of the resource managers.
    ListRmgrs,
}

const KNOWN: [Known; 25] = [
    known("bkp-details", Some(b'b'), Value::No),
    known("block", Some(b'B'), Value::Required),
    known("end", Some(b'e'), Value::Required),
    known("follow", Some(b'f'), Value::No),
    known("fork", Some(b'F'), Value::Required),
    known("fullpage", Some(b'w'), Value::No),
    known("help", None, Value::No),
    known("limit", Some(b'n'), Value::Required),
    known("path", Some(b'p'), Value::Required),
    known("quiet", Some(b'q'), Value::No),
    known("relation", Some(b'R'), Value::Required),
    known("rmgr", Some(b'r'), Value::Required),
    known("start", Some(b's'), Value::Required),
    known("timeline", Some(b't'), Value::Required),
    known("xid", Some(b'x'), Value::Required),
    known("version", None, Value::No),
    known("stats", Some(b'z'), Value::Optional),
    known("save-fullpage", None, Value::Required),
    // Not pg_waldump's: they may not make the beginnings of its names ambiguous.
    Known { letter: None, name: "format", value: Value::Required, shortens: false },
    Known { letter: None, name: "by", value: Value::Required, shortens: false },
    Known { letter: None, name: "bucket", value: Value::Required, shortens: false },
    Known { letter: None, name: "transactions", value: Value::No, shortens: false },
    Known { letter: None, name: "catalog", value: Value::Required, shortens: false },
    Known { letter: None, name: "rows", value: Value::No, shortens: false },
    Known { letter: None, name: "jobs", value: Value::Required, shortens: false },
];

const fn known(name: &'static str, letter: Option<u8>, value: Value) -> Known {
    Known { letter, name, value, shortens: true }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            output: Output::Records,
            is_json: false,
            bkp_details: false,
            quiet: false,
            follow: false,
            limit: -1,
            path: None,
            filter: Filter::default(),
            start: Lsn::INVALID,
            end: Lsn::INVALID,
            timeline: TimelineId(1),
            save_fullpage: None,
            catalog: None,
            rows: false,
            jobs: None,
            segments: Vec::new(),
        }
    }
}

/// Reads the command line, without the program's name.
pub(super) fn parse(arguments: Vec<Vec<u8>>) -> Result<Request, Stop> {
    match arguments.first().map(Vec::as_slice) {
        None => return Err(Stop::usage("no arguments specified")),
        Some(b"--help" | b"-?") => return Ok(Request::Help),
        Some(b"--version" | b"-V") => return Ok(Request::Version),
        Some(_) => {}
    }
    let mut settings = Settings::default();
    let mut bucket = None;
    let mut line = CommandLine::new(&KNOWN, arguments);
    while let Some(given) = line.next() {
        let given = given.map_err(Stop::CommandLine)?;
        if given.name == "rmgr" && given.value.as_deref().is_some_and(is_list) {
            return Ok(Request::ListRmgrs);
        }
        match given.name {
            "bucket" => bucket = Some(self::bucket(given.value.as_deref().unwrap_or_default())?),
            _ => settings.take(&given)?,
        }
    }
    match &mut settings.output {
        Output::Groups(GroupBy::Lsn(size)) => *size = bucket,
        _ if bucket.is_some() => {
            return Err(Stop::usage("option --bucket requires option --by=lsn to be specified"));
        }
        _ => {}
    }
    settings.segments = line.others().into_iter().map(|name| PathBuf::from(os(name))).collect();
    if settings.filter.block.is_some() && settings.filter.relation.is_none() {
        let text = "option -B/--block requires option -R/--relation to be specified";
        return Err(Stop::usage(text));
    }
    if let Some(surplus) = settings.segments.get(2) {
        let text = format!("too many command-line arguments (first is \"{}\")", surplus.display());
        return Err(Stop::usage(text));
    }
    Ok(Request::Dump(Box::new(settings)))
}

fn is_list(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"list")
}

impl Settings {
    /// Whether all records of the log are wanted, and nothing but a place in the output.
    pub(super) fn takes_all(&self) -> bool {
        self.filter.takes_all() && self.limit <= 0 && self.save_fullpage.is_none()
    }

    /// Whether parts of the log may be read at once: what is made of them can be put together.
    pub(super) fn can_be_split(&self) -> bool {
        let is_simple = !self.follow && self.limit <= 0 && self.save_fullpage.is_none();
        // Rows are found in records before their own.
        let is_apart = !self.rows && matches!(self.output, Output::Records | Output::Statistics(_));
        is_simple && is_apart
    }

    fn take(&mut self, given: &Given) -> Result<(), Stop> {
        let value = given.value.as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(value);
        let refuse = |what: &str| Err(Stop::usage(format!("{what}: \"{text}\"")));
        match given.name {
            "catalog" => self.catalog = Some(text.into_owned()),
            "path" => self.path = Some(PathBuf::from(os(value.to_vec()))),
            "save-fullpage" => self.save_fullpage = Some(PathBuf::from(os(value.to_vec()))),
            "block" => match scan::unsigned(value) {
                // The highest number means that there is no block.
                Some((block, _)) if block != u32::MAX => self.filter.block = Some(block),
                _ => return refuse("invalid block number"),
            },
            "end" => match scan::lsn(value) {
                Some(lsn) => self.end = lsn,
                None => return refuse("invalid WAL location"),
            },
            "start" => match scan::lsn(value) {
                Some(lsn) => self.start = lsn,
                None => return refuse("invalid WAL location"),
            },
            "fork" => match fork(value) {
                Some(fork) => self.filter.fork = Some(fork),
                None => return refuse("invalid fork name"),
            },
            "limit" => match scan::signed(value) {
                Some(limit) => self.limit = limit,
                None => {
                    let text = format!("invalid value \"{text}\" for option -n/--limit");
                    return Err(Stop::usage(text));
                }
            },
            "relation" => match scan::three(value) {
                Some([tablespace, database, relation]) if tablespace != 0 && relation != 0 => {
                    let [tablespace, database, relation] =
                        [tablespace, database, relation].map(Oid);
                    self.filter.relation = Some(RelFileLocator { tablespace, database, relation });
                }
                _ => {
                    let detail = "Expecting \"tablespace OID/database OID/relation filenode\".";
                    let message = format!("invalid relation specification: \"{text}\"");
                    return Err(Stop::Usage { message, detail: Some(detail.to_owned()) });
                }
            },
            "jobs" => match scan::unsigned(value).and_then(|(jobs, _)| jobs.try_into().ok()) {
                Some(jobs) => self.jobs = NonZeroUsize::new(jobs),
                None => return refuse("invalid number of jobs"),
            },
            "rmgr" => self.filter.rmgrs.push(rmgr(value)?),
            "timeline" => self.timeline = timeline(value)?,
            "xid" => match scan::unsigned(value) {
                Some((xid, _)) => self.filter.xid = Some(Xid(xid)),
                None => return refuse("invalid transaction ID specification"),
            },
            "format" => self.is_json = is_json(value)?,
            "stats" | "by" => self.output = output(given.name, given.value.as_deref())?,
            switch => return self.switch(switch),
        }
        Ok(())
    }
}

impl Settings {
    /// An option without a value.
    fn switch(&mut self, name: &str) -> Result<(), Stop> {
        match name {
            "bkp-details" => self.bkp_details = true,
            "follow" => self.follow = true,
            "fullpage" => self.filter.fullpage = true,
            "quiet" => self.quiet = true,
            "rows" => self.rows = true,
            "transactions" => self.output = Output::Transactions,
            // Help and version are only looked for in the first place.
            _ => return Err(Stop::Help),
        }
        Ok(())
    }
}

fn output(option: &str, value: Option<&[u8]>) -> Result<Output, Stop> {
    Ok(match (option, value) {
        ("stats", None | Some(b"rmgr")) => Output::Statistics(StatisticsBy::Rmgr),
        ("stats", Some(b"record")) => Output::Statistics(StatisticsBy::Record),
        ("by", Some(b"relation")) => Output::Groups(GroupBy::Relation),
        ("by", Some(b"transaction")) => Output::Groups(GroupBy::Transaction),
        ("by", Some(b"time")) => Output::Groups(GroupBy::Time),
        ("by", Some(b"lsn")) => Output::Groups(GroupBy::Lsn(None)),
        ("by", Some(b"checkpoint")) => Output::Checkpoints,
        (_, value) => return Err(unrecognized(option, value.unwrap_or_default())),
    })
}

fn unrecognized(option: &str, value: &[u8]) -> Stop {
    let value = String::from_utf8_lossy(value);
    Stop::usage(format!("unrecognized value for option --{option}: {value}"))
}

fn is_json(value: &[u8]) -> Result<bool, Stop> {
    match value {
        b"text" => Ok(false),
        b"json" => Ok(true),
        value => Err(unrecognized("format", value)),
    }
}

/// A size with a unit as in PostgreSQL's configuration; without one it is in bytes.
fn bucket(value: &[u8]) -> Result<NonZeroU64, Stop> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = value.split_at(digits);
    let shift = match unit.trim_ascii() {
        b"" | b"B" => 0,
        b"kB" => 10,
        b"MB" => 20,
        b"GB" => 30,
        b"TB" => 40,
        _ => return Err(unrecognized("bucket", value)),
    };
    let number = str::from_utf8(number).ok().and_then(|number| number.parse::<u64>().ok());
    let size = number.and_then(|number| number.checked_mul(1 << shift));
    match size.and_then(NonZeroU64::new) {
        // Every part takes memory.
        Some(size) if size.get() >= u64::from(PAGE_SIZE) => Ok(size),
        Some(_) => Err(Stop::usage(format!("--bucket must be at least {PAGE_SIZE} bytes"))),
        None => Err(unrecognized("bucket", value)),
    }
}

fn fork(name: &[u8]) -> Option<Fork> {
    let forks = [Fork::MAIN, Fork::FSM, Fork::VM, Fork::INIT];
    forks.into_iter().find(|fork| fork.name().is_some_and(|known| known.as_bytes() == name))
}

fn rmgr(name: &[u8]) -> Result<RmgrId, Stop> {
    const CUSTOM: &[u8] = b"custom";
    let text = String::from_utf8_lossy(name);
    // `custom%03d`: at most three characters are the number.
    if let Some(rest) = name.strip_prefix(CUSTOM)
        && let Some(number) = scan::signed(rest.get(..3).unwrap_or(rest))
    {
        let id = u8::try_from(number).ok().map(RmgrId).filter(|id| id.is_custom());
        let text = format!("custom resource manager \"{text}\" does not exist");
        return id.ok_or_else(|| Stop::usage(text));
    }
    let is_it =
        |id: &RmgrId| id.name().is_some_and(|known| known.as_bytes().eq_ignore_ascii_case(name));
    let text = format!("resource manager \"{text}\" does not exist");
    RmgrId::builtin().find(is_it).ok_or_else(|| Stop::usage(text))
}

fn timeline(value: &[u8]) -> Result<TimelineId, Stop> {
    const OPTION: &str = "-t/--timeline";
    let Some(number) = scan::whole(value) else {
        let text = String::from_utf8_lossy(value);
        return Err(Stop::usage(format!("invalid value \"{text}\" for option {OPTION}")));
    };
    match u32::try_from(number) {
        Ok(timeline) if timeline >= 1 => Ok(TimelineId(timeline)),
        _ => Err(Stop::usage(format!("{OPTION} must be in range 1..{}", u32::MAX))),
    }
}

/// An argument as the system has it.
#[cfg(unix)]
fn os(argument: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(argument)
}

#[cfg(not(unix))]
fn os(argument: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&argument).into_owned().into()
}
