//! Finds the directory or tar file with the segments, and what of the log is to be read
//! (`identify_target_directory`).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walscope_core::wal::{PAGE_SIZE, SegmentSize, Version};
use walscope_core::{Lsn, TimelineId};

use super::archive::Archive;
use super::messages::{Stop, Voice, system_text};
use super::options::Settings;
use super::scan;
use super::segment_file::{SegmentFile, is_segment_name, without_suffix};

/// Where segments lie below a data directory.
const PG_WAL: &str = "pg_wal";

/// Where segments lie.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Directory(PathBuf),
    Archive(Arc<Archive>),
}

impl Place {
    /// Opens a segment; `None`: there is none of that name.
    pub(super) fn open(&self, name: &Path) -> Result<Option<SegmentFile>, Stop> {
        match self {
            Self::Directory(directory) => SegmentFile::find(directory, name)
                .map_err(|error| open_failure(name.as_os_str(), &error)),
            Self::Archive(archive) => Ok(archive.segment(&name.to_string_lossy())),
        }
    }

    /// Whether several segments can be read at once.
    pub(super) fn can_be_shared(&self) -> bool {
        match self {
            Self::Directory(_) => true,
            Self::Archive(archive) => !archive.is_packed(),
        }
    }

    /// The first segment that the system lists, or of a tar file.
    fn any_segment(&self) -> Option<OsString> {
        match self {
            Self::Directory(directory) => any_segment(directory),
            Self::Archive(archive) => archive.names().next().map(OsString::from),
        }
    }
}

/// What is to be read, and where it lies.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) place: Place,
    pub(super) size: SegmentSize,
    pub(super) timeline: TimelineId,
    pub(super) start: Lsn,
    /// `None`: as far as there is something.
    pub(super) end: Option<Lsn>,
}

/// Finds what the settings name. From the first page that is read the voice has its version.
pub(super) fn find(settings: &Settings, voice: &mut Voice) -> Result<Range, Stop> {
    let Some(first) = settings.segments.first() else {
        if let Some(path) = settings.path.as_deref().filter(|path| Archive::is_name(path)) {
            return find_in_archive(path, settings, voice);
        }
        let (place, size) = identify(settings.path.as_deref(), None, voice)?;
        if !settings.start.is_valid() {
            return Err(Stop::usage("no start WAL location given"));
        }
        let end = Some(settings.end).filter(|end| end.is_valid());
        let Settings { timeline, start, .. } = *settings;
        return Ok(Range { place, size, timeline, start, end });
    };
    if settings.path.is_none() && Archive::is_name(first) {
        if let Some(last) = settings.segments.get(1) {
            let text = format!("no ENDSEG can follow an archive: \"{}\"", last.display());
            return Err(Stop::usage(text));
        }
        return find_in_archive(first, settings, voice);
    }
    let (folder, name) = split(first);
    let path = match (&settings.path, &folder) {
        (None, Some(folder)) => {
            check_directory(folder).map_err(Stop::fatal)?;
            Some(folder.as_path())
        }
        (path, _) => path.as_deref(),
    };
    let (place, size) = identify(path, Some(&name), voice)?;
    let (timeline, number) = self::place(&name, size)?;
    let start = match settings.start {
        Lsn::INVALID => size.start(number),
        start if size.number(start) == number => start,
        start => {
            let name = name.display();
            let text = format!("start WAL location {start} is not inside file \"{name}\"");
            return Err(Stop::usage(text));
        }
    };
    let (mut last_timeline, mut last_number) = (timeline, number);
    if let Some(last) = settings.segments.get(1) {
        let (_, name) = split(last);
        if place.open(&name)?.is_none() {
            return Err(Stop::fatal(format!("could not open file \"{}\"", name.display())));
        }
        (last_timeline, last_number) = self::place(&name, size)?;
        if last_number < number {
            let (last, first) = (last.display(), first.display());
            return Err(Stop::fatal(format!("ENDSEG {last} is before STARTSEG {first}")));
        }
    }
    let behind = Lsn(size.start(last_number).0.saturating_add(size.get().into()));
    let end = if settings.end.is_valid() { settings.end } else { behind };
    if size.number(end) != last_number && end != behind {
        let name = settings.segments.last().unwrap_or(first).display();
        let text = format!("end WAL location {end} is not inside file \"{name}\"");
        return Err(Stop::usage(text));
    }
    Ok(Range { place, size, timeline: last_timeline, start, end: Some(end) })
}

/// All segments of a timeline in a tar file, or those from the settings' start on: of the settings'
/// timeline, or if there is none of it, of the newest one.
fn find_in_archive(path: &Path, settings: &Settings, voice: &mut Voice) -> Result<Range, Stop> {
    let archive = Arc::new(Archive::open(path)?);
    let place = Place::Archive(Arc::clone(&archive));
    let none = || Stop::fatal(format!("there is no WAL file in archive \"{}\"", path.display()));
    let size = search(&place, None, voice)?.ok_or_else(none)?;
    let segments = archive.names().map(|name| self::place(Path::new(name), size));
    let segments = segments.collect::<Result<Vec<_>, Stop>>()?;
    let of_settings = segments.iter().filter(|(timeline, _)| *timeline == settings.timeline);
    let newest = segments.iter().map(|(timeline, _)| *timeline).max();
    let timeline = of_settings.map(|(timeline, _)| *timeline).next().or(newest);
    let timeline = timeline.ok_or_else(none)?;
    let numbers = segments.iter().filter(|(of, _)| *of == timeline).map(|(_, number)| *number);
    let (first, last) =
        numbers.fold((u64::MAX, 0), |(first, last), number| (first.min(number), last.max(number)));
    let start = if settings.start.is_valid() { settings.start } else { size.start(first) };
    let behind = Lsn(size.start(last).0.saturating_add(size.get().into()));
    let end = if settings.end.is_valid() { settings.end } else { behind };
    Ok(Range { place, size, timeline, start, end: Some(end) })
}

/// Whether a directory can be opened; else what is said of it.
pub(super) fn check_directory(directory: &Path) -> Result<(), String> {
    match fs::read_dir(directory) {
        Ok(_) => Ok(()),
        Err(error) => {
            let (directory, error) = (directory.display(), system_text(&error));
            Err(format!("could not open directory \"{directory}\": {error}"))
        }
    }
}

/// A path's directory, if it has one, and its file name, as `pg_waldump` splits it: at the last slash.
fn split(path: &Path) -> (Option<PathBuf>, PathBuf) {
    let name = path.file_name().map_or_else(PathBuf::new, PathBuf::from);
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return (Some(path.to_owned()), PathBuf::new());
    }
    let has_slash = path.as_os_str().as_encoded_bytes().contains(&b'/');
    (path.parent().filter(|_| has_slash).map(Path::to_owned), name)
}

/// The timeline and the number of the segment that a file name names (`XLogFromFileName`).
fn place(name: &Path, size: SegmentSize) -> Result<(TimelineId, u64), Stop> {
    let text = name.to_string_lossy();
    let digits = without_suffix(&text).as_bytes();
    let parts: Vec<_> = digits.chunks(8).filter_map(scan::hexadecimal).collect();
    let [timeline, high, low] = parts[..] else {
        // pg_waldump goes on with what happens to be in its memory.
        return Err(Stop::fatal(format!("\"{text}\" is not the name of a WAL file")));
    };
    let per_file_id = (1_u64 << 32) / u64::from(size.get());
    Ok((TimelineId(timeline), u64::from(high) * per_file_id + u64::from(low)))
}

/// Where a segment, or any if none is named, lies, and the size of segments.
fn identify(
    directory: Option<&Path>,
    name: Option<&Path>,
    voice: &mut Voice,
) -> Result<(Place, SegmentSize), Stop> {
    let places = match directory {
        Some(path) if Archive::is_name(path) => {
            let place = Place::Archive(Arc::new(Archive::open(path)?));
            if let Some(size) = search(&place, name, voice)? {
                return Ok((place, size));
            }
            Vec::new()
        }
        Some(directory) => vec![directory.to_owned(), directory.join(PG_WAL)],
        None => {
            let data = std::env::var_os("PGDATA").map(|data| PathBuf::from(data).join(PG_WAL));
            [PathBuf::from("."), PathBuf::from(PG_WAL)].into_iter().chain(data).collect()
        }
    };
    for place in places.into_iter().map(Place::Directory) {
        if let Some(size) = search(&place, name, voice)? {
            return Ok((place, size));
        }
    }
    Err(Stop::fatal(match name {
        Some(name) => format!("could not locate WAL file \"{}\"", name.display()),
        None => "could not find any WAL file".to_owned(),
    }))
}

/// The size of segments, from the first page of one that lies there; `None`: there is none.
fn search(
    place: &Place,
    name: Option<&Path>,
    voice: &mut Voice,
) -> Result<Option<SegmentSize>, Stop> {
    let found = match name {
        Some(name) => Some(name.to_owned()),
        None => place.any_segment().map(PathBuf::from),
    };
    let Some(name) = found else { return Ok(None) };
    let Some(mut file) = place.open(&name)? else { return Ok(None) };
    let mut page = [0; PAGE_SIZE as usize];
    let name = name.display();
    let length = file.read_at(&mut page, 0).map_err(|error| {
        Stop::fatal(format!("could not read file \"{name}\": {}", system_text(&error)))
    })?;
    if length < page.len() {
        let text = format!("could not read file \"{name}\": read {length} of {PAGE_SIZE}");
        return Err(Stop::fatal(text));
    }
    let (magic, size) = header(&page);
    voice.version = Version::from_magic(magic).unwrap_or(Version::NEWEST);
    match SegmentSize::new(size) {
        Some(size) => Ok(Some(size)),
        None => Err(wrong_size(&name.to_string(), size, voice.version)),
    }
}

/// Magic and segment size, whatever flags the page has.
fn header(page: &[u8; PAGE_SIZE as usize]) -> (u16, u32) {
    const SEGMENT_SIZE: usize = 32;
    let magic = page.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes));
    let size = page[SEGMENT_SIZE..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (magic, size)
}

fn wrong_size(name: &str, size: u32, version: Version) -> Stop {
    const RULE: &str = "WAL segment size must be a power of two between 1 MB and 1 GB";
    let size = size.cast_signed();
    let bytes = if size == 1 { "byte" } else { "bytes" };
    if version >= Version::V17 {
        let message = format!("invalid WAL segment size in WAL file \"{name}\" ({size} {bytes})");
        return Stop::Fatal { message, detail: Some(format!("The {RULE}.")) };
    }
    Stop::fatal(format!("{RULE}, but the WAL file \"{name}\" header specifies {size} {bytes}"))
}

/// The first segment that the system lists.
fn any_segment(directory: &Path) -> Option<OsString> {
    let find = |packed: bool| {
        let mut names =
            fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
        names.find(|name| name.to_str().is_some_and(|name| is_segment_name(name, packed)))
    };
    find(false).or_else(|| find(true))
}

fn open_failure(name: &OsStr, error: &io::Error) -> Stop {
    let (name, error) = (name.display(), system_text(error));
    Stop::fatal(format!("could not open file \"{name}\": {error}"))
}
