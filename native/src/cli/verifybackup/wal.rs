//! The log that recovery needs is there and right: every record of it is read, as `pg_waldump --quiet` would.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use walscope_core::Lsn;
use walscope_core::wal::{Options, PAGE_SIZE, PageHeader, Reader, SegmentName, SegmentSize};

use super::manifest::WalRange;
use crate::cli::pg_tool::{say, system_text};
use crate::cli::read_buffer::ReadBuffer;
use crate::{CompressionMethod, TarKind, TarPiece, TarReader, unpacked};

/// What is read at once.
const CHUNK: usize = 256 * 1024;
/// What may follow a segment's name, as archives keep them.
const SUFFIXES: [&str; 4] = ["", ".gz", ".lz4", ".zst"];

/// Reads a range of the log from a directory of segments or from a tar file. What is wrong is said;
/// returns whether all is right.
pub(super) fn check(program: &str, range: &WalRange, path: &Path) -> bool {
    let result = if path.is_dir() { of_directory(range, path) } else { of_archive(range, path) };
    if let Err(text) = &result {
        say(program, format!("error: {text}"));
    }
    result.is_ok()
}

/// A range that is read segment by segment.
struct Check<'r> {
    range: &'r WalRange,
    reader: Option<(Reader, SegmentSize)>,
    /// The segment that is read, and how much of it has come.
    segment: Option<(SegmentName, u64)>,
    /// The beginning of a segment, until its header is there.
    header: Vec<u8>,
    records: u64,
}

impl<'r> Check<'r> {
    fn new(range: &'r WalRange) -> Self {
        Self { range, reader: None, segment: None, header: Vec::new(), records: 0 }
    }

    /// Where the log goes on.
    fn position(&self) -> Lsn {
        self.reader.as_ref().map_or(self.range.start, |(reader, _)| reader.position())
    }

    fn is_done(&self) -> bool {
        self.reader.is_some() && self.position() >= self.range.end
    }

    /// Whether a segment of that name comes next. It is not known how large segments are before the first
    /// has said it.
    fn wants(&self, name: &str) -> bool {
        let size = self.reader.as_ref().map(|(_, size)| *size);
        let sizes = size.map_or_else(all_sizes, |size| vec![size]);
        sizes.into_iter().any(|size| {
            SegmentName::parse(name, size).is_some_and(|segment| {
                segment.timeline == self.range.timeline
                    && segment.number == size.number(self.position())
            })
        })
    }

    /// A segment's file begins.
    fn begin(&mut self, name: &str) {
        self.header.clear();
        let size = self.reader.as_ref().map(|(_, size)| *size).unwrap_or_default();
        self.segment = SegmentName::parse(name, size).map(|segment| (segment, 0));
    }

    /// More of it.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        let Some((segment, mut offset)) = self.segment else { return Ok(()) };
        if offset == 0 && self.reader.is_none() {
            // The first page says how large segments are. A page is enough for its header.
            let missing = (PAGE_SIZE as usize).saturating_sub(self.header.len());
            let (more, rest) = bytes.split_at(missing.min(bytes.len()));
            self.header.extend_from_slice(more);
            if self.header.len() < PAGE_SIZE as usize {
                return Ok(());
            }
            self.open(segment)?;
            let (reader, size) = self.reader.as_ref().ok_or("no reader")?;
            let named = SegmentName::parse(&segment.to_string(), *size);
            self.segment = named.map(|segment| (segment, 0));
            debug_assert!(reader.position() <= self.range.start);
            let header = std::mem::take(&mut self.header);
            self.take(&header)?;
            return self.take(rest);
        }
        let Some((reader, size)) = &mut self.reader else { return Ok(()) };
        let first = size.start(segment.number);
        let here = first.0 + offset;
        offset += bytes.len() as u64;
        self.segment = Some((segment, offset));
        // What is before the beginning or behind the end is not looked at.
        let skip = usize::try_from(reader.position().0.saturating_sub(here)).unwrap_or(usize::MAX);
        bytes = bytes.get(skip..).unwrap_or_default();
        let left = self.range.end.0.saturating_sub(reader.position().0);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        bytes = &bytes[..left.min(bytes.len())];
        loop {
            match reader.next(&mut bytes) {
                Ok(Some(_)) => self.records += 1,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let last = reader.last_record();
                    return Err(if self.records == 0 {
                        format!("could not find a valid record after {}", self.range.start)
                    } else {
                        format!("error in WAL record at {last}: {error}")
                    });
                }
            }
        }
    }

    /// The first segment's first page is there.
    fn open(&mut self, segment: SegmentName) -> Result<(), String> {
        let size = PageHeader::decode(&self.header)
            .and_then(|header| header.long)
            .and_then(|long| SegmentSize::new(long.segment_size));
        let Some(size) = size else {
            return Err(format!("the first page of WAL segment {segment} is invalid"));
        };
        let WalRange { timeline, start, .. } = *self.range;
        let options = Options {
            start,
            segment_size: Some(size),
            timeline: Some(timeline),
            ..Options::default()
        };
        let mut reader = Reader::new(options);
        let first = size.start(size.number(start));
        if start.0 - first.0 >= u64::from(PAGE_SIZE) {
            reader
                .check_page(first, &self.header)
                .map_err(|_| format!("could not find a valid record after {start}"))?;
        }
        self.reader = Some((reader, size));
        Ok(())
    }

    fn finish(&self) -> Result<(), String> {
        if self.is_done() {
            return Ok(());
        }
        let size = self.reader.as_ref().map(|(_, size)| *size).unwrap_or_default();
        let number = size.number(self.position());
        let name = SegmentName { timeline: self.range.timeline, number, size };
        match self.segment {
            Some((segment, offset)) if segment.number == number => Err(format!(
                "could not read from file {segment}, offset {offset}: it ends before {}",
                self.range.end
            )),
            _ => Err(format!("could not find file \"{name}\": No such file or directory")),
        }
    }
}

fn all_sizes() -> Vec<SegmentSize> {
    (20..=30).filter_map(|shift| SegmentSize::new(1 << shift)).collect()
}

fn of_directory(range: &WalRange, directory: &Path) -> Result<(), String> {
    let mut check = Check::new(range);
    let entries = fs::read_dir(directory).map_err(|error| {
        let text = system_text(&error);
        format!("could not open directory \"{}\": {text}", directory.display())
    })?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    for name in names {
        let stem = SUFFIXES.iter().rev().find_map(|suffix| name.strip_suffix(suffix));
        let stem = stem.unwrap_or(&name);
        if stem.len() != SegmentName::LENGTH || !check.wants(stem) || check.is_done() {
            continue;
        }
        check.begin(stem);
        let path = directory.join(&name);
        let mut input = open(&path)?;
        let mut buffer = ReadBuffer::new(CHUNK);
        while !check.is_done() {
            match input.read(&mut buffer).map_err(|error| unreadable(&path, &error))? {
                0 => break,
                length => check.take(&buffer[..length])?,
            }
        }
    }
    check.finish()
}

fn of_archive(range: &WalRange, path: &Path) -> Result<(), String> {
    let mut check = Check::new(range);
    let mut input = open(path)?;
    let (mut reader, mut buffer) = (TarReader::new(), ReadBuffer::new(CHUNK));
    let mut wanted = false;
    while !check.is_done() {
        let length = input.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
        let mut bytes = &buffer[..length];
        let bad = |error| format!("archive \"{}\": {error}", path.display());
        while let Some(piece) = reader.next(&mut bytes).map_err(bad)? {
            match piece {
                TarPiece::Member(member) => {
                    let name = member.name.trim_start_matches("./");
                    let name = name.strip_prefix("pg_wal/").unwrap_or(name);
                    let file = matches!(member.kind, TarKind::File(_));
                    wanted = file && name.len() == SegmentName::LENGTH && check.wants(name);
                    if wanted {
                        check.begin(name);
                    }
                }
                TarPiece::Content(content) if wanted => check.take(content)?,
                _ => {}
            }
        }
        if length == 0 {
            break;
        }
    }
    check.finish()
}

fn open(path: &Path) -> Result<Box<dyn Read + Send>, String> {
    let cannot = |error: io::Error| {
        format!("could not open file \"{}\": {}", path.display(), system_text(&error))
    };
    let method = CompressionMethod::of_name(&path.to_string_lossy());
    File::open(path).and_then(|file| unpacked(file, method)).map_err(cannot)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("could not read file \"{}\": {}", path.display(), system_text(error))
}
