//! Page images as files (`--save-fullpage`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use walscope_core::TimelineId;
use walscope_core::wal::{BLOCK_SIZE, Record};

use super::messages::{Stop, system_text};

/// Makes the directory that the images go to. One that is there must be empty.
pub(super) fn create_directory(directory: &Path) -> Result<(), Stop> {
    let failed = |what: &str, error: &io::Error| {
        let (directory, error) = (directory.display(), system_text(error));
        Stop::fatal(format!("could not {what} directory \"{directory}\": {error}"))
    };
    match fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(Ok(_)) => {
                let text = format!("directory \"{}\" exists but is not empty", directory.display());
                Err(Stop::fatal(text))
            }
            Some(Err(error)) => Err(failed("access", &error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(directory).map_err(|error| failed("create", &error))
        }
        Err(error) => Err(failed("access", &error)),
    }
}

/// Only the owner may look at the images, as at the files that they are of.
#[cfg(unix)]
fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Saves all page images of a record that was read from a file of `timeline`.
pub(super) fn save(
    record: &Record<'_>,
    timeline: TimelineId,
    directory: &Path,
) -> Result<(), Stop> {
    let mut page = [0; BLOCK_SIZE as usize];
    for block in record.blocks().filter(|block| block.image().is_some()) {
        let restored = record.restore_image(block.id(), &mut page);
        restored.map_err(|error| Stop::fatal(error.to_string()))?;
        let (fork, lsn, of) = (block.fork(), record.lsn().0, block.locator());
        let Some(fork) = fork.name() else {
            return Err(Stop::fatal(format!("invalid fork number: {fork}")));
        };
        let path = directory.join(format!(
            "{:08X}-{:08X}-{:08X}.{}.{}.{}.{}_{fork}",
            timeline.0,
            lsn >> 32,
            lsn & 0xFFFF_FFFF,
            of.tablespace,
            of.database,
            of.relation,
            block.number(),
        ));
        let failed = |what: &str, error: &io::Error| {
            let (path, error) = (path.display(), system_text(error));
            Stop::fatal(format!("could not {what} file \"{path}\": {error}"))
        };
        let mut file = File::create(&path).map_err(|error| failed("open", &error))?;
        file.write_all(&page).map_err(|error| failed("write", &error))?;
    }
    Ok(())
}
