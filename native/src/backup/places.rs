//! The places that a backup is unpacked to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::event::Archive;
use super::unpack::{TablespaceMap, failed, make_private_directory, mapped};
use crate::error::Result;

/// The directory of an archive that is unpacked.
pub(crate) fn archive_place(directory: &Path, archive: &Archive, map: &TablespaceMap) -> PathBuf {
    let Some(tablespace) = &archive.tablespace else { return directory.to_owned() };
    // A tablespace within the data directory has a path that is relative to it.
    directory.join(mapped(&tablespace.location, map))
}

/// Makes a directory with those above it. Only its owner sees it.
pub(crate) fn make_directories(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// The directory of a tablespace within the data directory, whose archive comes before the others.
pub(crate) fn make_within(directory: &Path, place: &Path) -> Result<()> {
    let parents: Vec<&Path> = place.ancestors().filter(|path| path.parent().is_some()).collect();
    for path in parents.into_iter().rev() {
        let path = directory.join(path);
        match make_private_directory(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(|error| failed("create", &path, error))?,
        }
    }
    Ok(())
}

/// Links are removed, and not what they lead to.
pub(crate) fn remove_contents(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Gives the group the rights that the server's own directory gives it.
pub(crate) fn open_to_group(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if path.is_dir() { 0o750 } else { 0o640 };
        let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        set.map_err(|error| failed("set the permissions of", path, error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
