//! Segments in a tar file, as base backups have them: `pg_wal.tar`, or `pg_wal` in `base.tar`.
//!
//! Headers are read once, from one to the next; contents are read where they lie, when they are
//! wanted. A compressed tar file is decompressed for that: once more, if segments lie in the order of
//! their names in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use walscope_core::wal::PAGE_SIZE;

use super::messages::{Stop, system_text};
use super::segment_file::{SegmentFile, is_segment_name};
use crate::backup::{TAR_BLOCK, TarOutline};

/// What the names of tar files end with.
const ENDS: [&str; 5] = [".tar", ".tar.gz", ".tgz", ".tar.lz4", ".tar.zst"];

/// How many segments are remembered at most: 16 TB of log in segments of 16 MB.
const MOST: usize = 1 << 20;

/// What an unfinished segment's name ends with.
const PARTIAL: &str = ".partial";

/// A tar file with segments.
#[derive(Debug)]
pub(super) struct Archive {
    file: Arc<Mutex<SegmentFile>>,
    /// Where segments begin, and their sizes.
    members: BTreeMap<String, (u64, u64)>,
}

impl Archive {
    /// Whether a path names a tar file.
    pub(super) fn is_name(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        ENDS.iter().any(|end| name.ends_with(end.as_bytes())) && path.is_file()
    }

    /// Opens a tar file and finds the segments in it.
    pub(super) fn open(path: &Path) -> Result<Self, Stop> {
        let failed = |why: &str| {
            Stop::fatal(format!("could not read archive \"{}\": {why}", path.display()))
        };
        let mut file = SegmentFile::open(path).map_err(|error| failed(&system_text(&error)))?;
        let members = members(&mut file).map_err(|why| failed(&why))?;
        let file = Arc::new(Mutex::new(file));
        Ok(Self { file, members })
    }

    /// Whether it is decompressed from its beginning on, so that there is one place at a time.
    pub(super) fn is_packed(&self) -> bool {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(*file, SegmentFile::Packed { .. })
    }

    /// The names of the segments.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The segment of a name, or an unfinished one of that name; `None`: there is none.
    pub(super) fn segment(&self, name: &str) -> Option<SegmentFile> {
        let partial = || self.members.get(&format!("{name}{PARTIAL}"));
        let (start, size) = *self.members.get(name).or_else(partial)?;
        Some(SegmentFile::Member { archive: Arc::clone(&self.file), start, size })
    }
}

/// Goes from header to header; what is wrong is said with the place.
fn members(file: &mut SegmentFile) -> Result<BTreeMap<String, (u64, u64)>, String> {
    const BLOCK: u64 = TAR_BLOCK as u64;
    let (mut found, mut at) = (BTreeMap::new(), 0_u64);
    loop {
        let mut header = [0; TAR_BLOCK];
        // No file has bytes so far behind its beginning.
        let length = match i64::try_from(at) {
            Ok(_) => file.read_at(&mut header, at).map_err(|error| system_text(&error))?,
            Err(_) => 0,
        };
        if length < TAR_BLOCK {
            return Err(format!("it is cut off: its end was expected behind byte {at}"));
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(found);
        }
        let outline = TarOutline::decode(&header);
        let outline = outline.map_err(|error| format!("{error}, at byte {at}"))?;
        let (start, size) = (at.saturating_add(BLOCK), outline.size);
        let name = outline.name.rsplit('/').next().unwrap_or_default();
        if outline.is_file
            && is_segment_name(name.strip_suffix(PARTIAL).unwrap_or(name), false)
            && size >= u64::from(PAGE_SIZE)
            && found.insert(name.to_owned(), (start, size)).is_some()
        {
            return Err(format!("\"{name}\" is there twice, again at byte {at}"));
        }
        if found.len() > MOST {
            return Err(format!("there are more than {MOST} segments in it"));
        }
        let end = size.checked_next_multiple_of(BLOCK).and_then(|size| start.checked_add(size));
        at = end.ok_or_else(|| format!("\"{name}\" at byte {at} is longer than any file"))?;
    }
}
