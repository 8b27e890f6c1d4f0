//! Makes a whole file of an incremental one and those before it
//! (`src/bin/pg_combinebackup/reconstruct.c`). An incremental file (`INCREMENTAL.NAME`), in the machine's
//! byte order:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | 0xD3AE1F0D |
//! | 4 | how many blocks it has |
//! | 4 | how many blocks of the whole file come from it or from earlier backups |
//! | 4 each | the blocks' numbers |
//! | rest | zeros up to a whole block, if it has blocks; the blocks |

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::copy::{create, open};
use crate::cli::pg_tool::Stop;
use crate::cli::read_buffer::ReadBuffer;
use crate::cli::verifybackup::checksum::Checksum;

/// What stands before the name of an incremental file.
pub(super) const PREFIX: &str = "INCREMENTAL.";
const MAGIC: u32 = 0xD3AE_1F0D;
const BLOCK: u64 = 8192;
/// A file has at most so many blocks: 1 GB.
const MOST_BLOCKS: u32 = 131_072;
/// Blocks that follow each other are read at once, up to so many.
const RUN: usize = 32;

/// A file of one of the backups.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    file: File,
    /// Where its blocks begin; 0: it is a whole file.
    header: u64,
    blocks: Vec<u32>,
    truncation: u32,
}

/// Where a block comes from: the number of a source, and the offset there.
type Origin = Option<(usize, u64)>;

/// What is to be done for a file.
#[derive(Debug)]
pub(super) enum Plan {
    /// An earlier backup, with that number, has all of it.
    Copy { backup: usize, path: PathBuf },
    /// It is put together.
    Blocks { sources: Sources },
}

#[derive(Debug)]
pub(super) struct Sources {
    sources: Vec<Source>,
    origins: Vec<Origin>,
}

/// Finds out where a file's blocks come from. `directories` are those of the file in each backup, the full
/// one first and that of the incremental file last.
pub(super) fn plan(directories: &[PathBuf], name: &str) -> Result<Plan, Stop> {
    let mut backups = directories.iter().enumerate().rev();
    let Some((_, newest)) = backups.next() else { return Err(Stop::new("no backups")) };
    let newest = incremental(newest.join(format!("{PREFIX}{name}")))?;
    let truncation = newest.truncation as usize;
    let highest = newest.blocks.iter().map(|block| *block as usize + 1).max().unwrap_or(0);
    let mut origins: Vec<Origin> = vec![None; truncation.max(highest)];
    let mut whole_copy = newest.blocks.is_empty();
    take_blocks(&newest, 0, &mut origins, usize::MAX);
    let mut sources = vec![newest];
    for (number, directory) in backups {
        let path = directory.join(name);
        let source = match File::open(&path) {
            Ok(file) => Source { path, file, header: 0, blocks: Vec::new(), truncation: 0 },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                incremental(directory.join(format!("{PREFIX}{name}")))?
            }
            Err(error) => return Err(Stop::file("open file", &path, &error)),
        };
        if source.header > 0 {
            whole_copy &= !take_blocks(&source, sources.len(), &mut origins, truncation);
            sources.push(source);
            continue;
        }
        let length = source.file.metadata();
        let length = length.map_err(|error| Stop::file("stat file", &source.path, &error))?.len();
        if whole_copy && length == truncation as u64 * BLOCK {
            return Ok(Plan::Copy { backup: number, path: source.path });
        }
        let there = usize::try_from(length / BLOCK).unwrap_or(usize::MAX).min(truncation);
        for (block, origin) in origins.iter_mut().enumerate().take(there) {
            origin.get_or_insert((sources.len(), block as u64 * BLOCK));
        }
        sources.push(source);
        break;
    }
    Ok(Plan::Blocks { sources: Sources { sources, origins } })
}

/// Takes the blocks of an incremental file that are below `limit` and come from no newer one. Returns whether
/// there was one.
fn take_blocks(source: &Source, number: usize, origins: &mut [Origin], limit: usize) -> bool {
    let mut taken = false;
    for (at, block) in source.blocks.iter().enumerate() {
        let block = *block as usize;
        if let Some(origin @ None) = origins.get_mut(block)
            && block < limit
        {
            *origin = Some((number, source.header + at as u64 * BLOCK));
            taken = true;
        }
    }
    taken
}

impl Sources {
    /// Writes the whole file. A block that no backup has is zeros.
    pub(super) fn write(
        mut self,
        to: &Path,
        mode: u32,
        mut checksum: Option<&mut Checksum>,
    ) -> Result<(), Stop> {
        let mut output = create(to, mode)?;
        let mut buffer = ReadBuffer::new(RUN * BLOCK as usize);
        let mut rest = self.origins.as_slice();
        while let Some(first) = rest.first() {
            let follows = |(number, origin): (usize, &Origin)| match (first, origin) {
                (None, None) => true,
                (Some((source, offset)), Some(origin)) => {
                    *origin == (*source, offset + number as u64 * BLOCK)
                }
                _ => false,
            };
            let run = rest.iter().take(RUN).enumerate().take_while(|next| follows(*next)).count();
            let bytes = &mut buffer[..run * BLOCK as usize];
            match first {
                None => bytes.fill(0),
                Some((source, offset)) => {
                    let Some(source) = self.sources.get_mut(*source) else {
                        return Err(Stop::new("a block of an unknown backup"));
                    };
                    let read = source.file.seek(SeekFrom::Start(*offset));
                    read.and_then(|_| source.file.read_exact(bytes))
                        .map_err(|error| Stop::file("read file", &source.path, &error))?;
                }
            }
            if let Some(checksum) = &mut checksum {
                checksum.update(bytes);
            }
            output.write_all(bytes).map_err(|error| Stop::file("write file", to, &error))?;
            rest = &rest[run..];
        }
        Ok(())
    }
}

/// Opens an incremental file.
fn incremental(path: PathBuf) -> Result<Source, Stop> {
    let mut file = open(&path)?;
    let shown = path.display();
    let mut number = || {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map_err(|error| Stop::file("read file", &path, &error))?;
        Ok::<u32, Stop>(u32::from_ne_bytes(bytes))
    };
    let magic = number()?;
    if magic != MAGIC {
        return Err(Stop::new(format!(
            "file \"{shown}\" has bad incremental magic number (0x{magic:x} not 0x{MAGIC:x})"
        )));
    }
    let (count, truncation) = (number()?, number()?);
    for (what, found) in [("block count", count), ("truncation block length", truncation)] {
        if found > MOST_BLOCKS {
            return Err(Stop::new(format!(
                "file \"{shown}\" has {what} {found} in excess of segment size {MOST_BLOCKS}"
            )));
        }
    }
    let blocks: Vec<u32> = (0..count).map(|_| number()).collect::<Result<_, _>>()?;
    if let Some(block) = blocks.iter().find(|block| **block >= MOST_BLOCKS) {
        return Err(Stop::new(format!("file \"{shown}\" has a block with the number {block}")));
    }
    let mut header = 12 + 4 * u64::from(count);
    if count > 0 {
        header = header.next_multiple_of(BLOCK);
    }
    Ok(Source { path, file, header, blocks, truncation })
}
