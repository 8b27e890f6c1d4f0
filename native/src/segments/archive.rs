//! What an archive of segments holds already: where receiving goes on (`FindStreamingStart` of
//! `pg_receivewal.c`).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use walscope_core::wal::{LONG_HEADER, PageHeader, SegmentName, SegmentSize};
use walscope_core::{Lsn, TimelineId};

use super::durable::named;
use super::open_segment::PARTIAL;
use crate::backup::CompressionMethod;
use crate::error::{Error, Result};

/// The end of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveEnd {
    /// Where to go on, and on which timeline: behind the last whole segment, or at the beginning of the
    /// one after it, if that was begun. `None`: the archive is empty.
    pub place: Option<(TimelineId, Lsn)>,
    /// The database system that the last segment is of, if it says so.
    pub system_id: Option<u64>,
    /// Files that look like whole segments and are not, which are skipped: the name, and the size that
    /// they have instead of a segment's.
    pub skipped: Vec<(String, u64)>,
}

/// A file of an archive.
struct Candidate {
    number: u64,
    timeline: TimelineId,
    whole: bool,
    packing: Option<CompressionMethod>,
    name: String,
}

/// Looks through a directory for the end of the archive in it.
///
/// # Errors
///
/// What the file system says; compressed files, where this build cannot read them.
pub fn archive_end(directory: &Path, size: SegmentSize) -> Result<ArchiveEnd> {
    let mut candidates = Vec::new();
    for entry in named("read", directory, fs::read_dir(directory))? {
        let entry = named("read", directory, entry)?;
        candidates.extend(entry.file_name().to_str().and_then(|name| candidate(name, size)));
    }
    // The last one is the newest timeline's last segment, and rather whole than begun.
    candidates.sort_by_key(|file| (file.number, file.timeline, file.whole));
    let mut end = ArchiveEnd::default();
    while let Some(last) = candidates.pop() {
        let path = directory.join(&last.name);
        if last.whole {
            let length = length(&path, last.packing, size)?;
            if length != u64::from(size.get()) {
                end.skipped.push((last.name, length));
                continue;
            }
        }
        // There is no segment 0, as a position of 0/0 is none.
        if last.number > 0 {
            let number = last.number + u64::from(last.whole);
            end.place = Some((last.timeline, size.start(number)));
            end.system_id = system_id(&path, last.packing);
        }
        break;
    }
    Ok(end)
}

/// What a file's name says, if it is a segment's.
fn candidate(name: &str, size: SegmentSize) -> Option<Candidate> {
    let digits = name.get(..SegmentName::LENGTH)?;
    let SegmentName { timeline, number, .. } = SegmentName::parse(digits, size)?;
    let suffix = name.get(SegmentName::LENGTH..)?;
    let (suffix, whole) = match suffix.strip_suffix(PARTIAL) {
        Some(suffix) => (suffix, false),
        None => (suffix, true),
    };
    let packing = match suffix {
        "" => None,
        _ => Some(CompressionMethod::of_name(suffix).filter(|method| method.suffix() == suffix)?),
    };
    Some(Candidate { number, timeline, whole, packing, name: name.to_owned() })
}

/// How many bytes of the log a file holds; of a compressed one no more than a little too many.
fn length(path: &Path, packing: Option<CompressionMethod>, size: SegmentSize) -> Result<u64> {
    if packing.is_none() {
        return named("look at", path, fs::metadata(path)).map(|metadata| metadata.len());
    }
    let mut reader = opened(path, packing)?.take(u64::from(size.get()) + 1);
    match io::copy(&mut reader, &mut io::sink()) {
        // A compressed file that is cut off or damaged is none, whatever it held before.
        Err(error) if error.raw_os_error().is_none() => Ok(0),
        counted => named("read", path, counted),
    }
}

#[cfg(feature = "compression")]
fn opened(path: &Path, packing: Option<CompressionMethod>) -> Result<Box<dyn Read + Send>> {
    let file = io::BufReader::new(named("open", path, File::open(path))?);
    named("read", path, crate::backup::unpacked(file, packing))
}

#[cfg(not(feature = "compression"))]
fn opened(path: &Path, packing: Option<CompressionMethod>) -> Result<Box<dyn Read + Send>> {
    if packing.is_some() {
        return Err(Error::Unsupported {
            problem: format!("this build of walscope cannot read {}", path.display()),
            hint: Some("Build it with the feature compression".into()),
        });
    }
    Ok(Box::new(named("open", path, File::open(path))?))
}

/// Which system a segment is of. A file that was begun may not say so yet.
fn system_id(path: &Path, packing: Option<CompressionMethod>) -> Option<u64> {
    let mut header = Vec::new();
    let mut reader = opened(path, packing).ok()?.take(LONG_HEADER as u64);
    // What could be read before an error counts.
    let _ = reader.read_to_end(&mut header);
    let header = PageHeader::decode(&header)?;
    header.long.map(|long| long.system_identifier).filter(|id| *id != 0)
}

impl ArchiveEnd {
    /// Refuses to go on with an archive of another system.
    ///
    /// # Errors
    ///
    /// It is of another system.
    pub fn check_system(&self, directory: &Path, server: u64) -> Result<()> {
        match self.system_id {
            Some(archive) if archive != server => Err(Error::config_hint(
                format!(
                    "{} holds the log of another system ({archive}) than the server's ({server})",
                    directory.display()
                ),
                "Give each system a directory of its own",
            )),
            _ => Ok(()),
        }
    }
}
