//! `walscope waldump`: `pg_waldump` for the log of PostgreSQL 14 to 18. Options, output and exit codes
//! are those of `pg_waldump` 18, texts those of the version that wrote the log.
//!
//! `src/bin/pg_waldump/pg_waldump.c` describes what is done here.

mod archive;
mod directory;
mod dump;
mod filter;
mod fullpage;
mod input;
mod interrupt;
mod json;
mod messages;
mod options;
mod parallel;
mod product;
mod rows;
mod scan;
mod segment_file;
mod source;
mod table;
mod usage;
mod zone;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use walscope_core::wal::{Options, RmgrId, SegmentSize, Version};

use super::pg_tool::Tool;
use super::{Failure, catalog};
use archive::Archive;
use dump::Dump;
use input::{Input, Segments, Stream};
use messages::{Stop, Voice};
use options::{Request, Settings};
use product::Asked;
use rows::Names;
use zone::LocalZone;

pub(super) const TOOL: Tool =
    Tool { subcommand: "waldump", name: "walscope waldump", link: "pg_waldump", main };

fn main(program: &'static str, arguments: Vec<OsString>) -> ExitCode {
    let mut voice = Voice::new(program);
    let arguments = arguments.into_iter().map(|argument| argument.as_encoded_bytes().to_vec());
    match options::parse(arguments.collect()).and_then(|request| perform(request, &mut voice)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            voice.stop(&stop);
            ExitCode::FAILURE
        }
    }
}

fn perform(request: Request, voice: &mut Voice) -> Result<(), Stop> {
    match request {
        Request::Help => print(&usage::help(voice.program)),
        Request::Version => print(&usage::version(voice.program)),
        Request::ListRmgrs => {
            let names: Vec<_> = RmgrId::builtin().map(|id| format!("{id}\n")).collect();
            print(&names.concat())
        }
        Request::Dump(settings) => dump(&settings, voice),
    }
}

fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::output(&error))
}

fn dump(settings: &Settings, voice: &mut Voice) -> Result<(), Stop> {
    if let Some(path) = settings.path.as_ref().filter(|path| !Archive::is_name(path)) {
        directory::check_directory(path).map_err(Stop::usage)?;
    }
    if let Some(directory) = &settings.save_fullpage {
        fullpage::create_directory(directory)?;
    }
    let names = match &settings.catalog {
        None => Names::default(),
        Some(source) => {
            let failed =
                |failure: Failure| Stop::Fatal { message: failure.message, detail: failure.hint };
            Names::new(catalog::load(source).map_err(failed)?)
        }
    };
    if settings.segments.first().is_some_and(|name| name == Path::new("-")) {
        return dump_stream(settings, voice, &names);
    }
    let range = directory::find(settings, voice)?;
    let options = Options {
        start: range.start,
        segment_size: Some(range.size),
        timeline: Some(range.timeline),
        system_identifier: names.system_identifier(),
        ..Options::default()
    };
    let input = Input::Segments(Box::new(Segments::new(&range, settings.follow)));
    let zone = LocalZone::new();
    let asked = Asked { settings, zone: &zone, names: &names };
    Dump::new(asked, voice, options, input).run(Some(&range))
}

/// Reads the log from standard input.
fn dump_stream(settings: &Settings, voice: &mut Voice, names: &Names) -> Result<(), Stop> {
    let end = Some(settings.end).filter(|end| end.is_valid());
    let (stream, header) = Stream::begin(end)?;
    if let Some(version) = Version::from_magic(header.magic) {
        voice.version = version;
    }
    let start = if settings.start.is_valid() { settings.start } else { header.address };
    let options = Options {
        start,
        input: Some(header.address),
        segment_size: header.long.and_then(|long| SegmentSize::new(long.segment_size)),
        timeline: Some(header.timeline),
        system_identifier: names.system_identifier(),
        ..Options::default()
    };
    let zone = LocalZone::new();
    let asked = Asked { settings, zone: &zone, names };
    Dump::new(asked, voice, options, Input::Stream(Box::new(stream))).run(None)
}
