//! Makes a backup durable (`src/common/file_utils.c`).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Files are flushed by so many threads, for each waits for the disk most of the time.
const THREADS: usize = 4;

/// How a backup is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncMethod {
    /// File by file.
    Fsync,
    /// Whole file systems at once.
    #[cfg(feature = "cli")]
    Syncfs,
}

/// Flushes a directory with all in it, and the places that its symbolic links lead to.
pub(crate) fn sync(directory: &Path, method: SyncMethod) -> io::Result<()> {
    let mut paths = Vec::new();
    gather(directory, &mut paths)?;
    match method {
        SyncMethod::Fsync => sync_files(paths),
        #[cfg(feature = "cli")]
        SyncMethod::Syncfs => sync_file_systems(directory, &paths),
    }
}

/// A file gets its name durably.
pub(crate) fn rename(from: &Path, to: &Path, durably: bool) -> io::Result<()> {
    if durably {
        File::open(from)?.sync_all()?;
    }
    fs::rename(from, to)?;
    if durably && let Some(parent) = to.parent() {
        sync_directory(parent)?;
    }
    Ok(())
}

/// The files and directories, a directory behind what is in it.
fn gather(directory: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        // Follows links: they lead to tablespaces and to the log.
        if fs::metadata(&path)?.is_dir() {
            gather(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    paths.push(directory.to_owned());
    Ok(())
}

fn sync_files(paths: Vec<PathBuf>) -> io::Result<()> {
    let queue = Mutex::new(paths.into_iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || {
        while let Some(path) = next() {
            let synced = if path.is_dir() { sync_directory(&path) } else { sync_file(&path) };
            synced.map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread that flushes died")))
        })
    })
}

fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows keeps directories durable by itself, and does not open them.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The file systems of the directory and of all that links lead to.
#[cfg(all(feature = "cli", target_os = "linux"))]
fn sync_file_systems(directory: &Path, paths: &[PathBuf]) -> io::Result<()> {
    use std::collections::HashMap;
    use std::os::unix::fs::MetadataExt as _;
    let mut systems = HashMap::from([(fs::metadata(directory)?.dev(), directory)]);
    for path in paths.iter().filter(|path| path.is_dir()) {
        systems.entry(fs::metadata(path)?.dev()).or_insert(path);
    }
    systems.values().try_for_each(|path| Ok(rustix::fs::syncfs(File::open(path)?)?))
}

#[cfg(all(feature = "cli", not(target_os = "linux")))]
fn sync_file_systems(_directory: &Path, _paths: &[PathBuf]) -> io::Result<()> {
    let text = "this platform does not have the sync method syncfs";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}
