//! Unpacks an archive into a directory (`src/fe_utils/astreamer_file.c`), and trusts no name in it.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::event::Tablespace;
use super::tar::{TarKind, TarMember, TarPiece, TarReader};
use crate::error::{Error, Result};

/// Directories that may be there already: the log is written beside the backup, and tablespaces within
/// the data directory come before it.
const MAY_EXIST: [&str; 4] = ["pg_wal", "pg_wal/archive_status", "pg_wal/summaries", LINKS];
/// The only place with symbolic links, to tablespaces.
const LINKS: &str = "pg_tblspc";

/// Where tablespaces are put instead of where the server has them: its place and ours.
pub type TablespaceMap = [(PathBuf, PathBuf)];

/// Where a tablespace is put.
pub fn mapped<'a>(location: &'a Path, map: &'a TablespaceMap) -> &'a Path {
    let found = map.iter().find(|(theirs, _)| theirs == location);
    found.map_or(location, |(_, ours)| ours)
}

/// Unpacks an archive that comes in pieces. Files are new, and get the modes and times of the archive;
/// nothing is flushed to disk.
///
/// What an archive could do beyond its directory is refused: names that are absolute or have `..`, a
/// way through a symbolic link, links other than those to the tablespaces that the server announced.
#[derive(Debug)]
pub struct Unpacker {
    directory: PathBuf,
    /// Where links may lead, and where they do.
    links: Vec<(PathBuf, PathBuf)>,
    reader: TarReader,
    file: Option<(PathBuf, File, SystemTime)>,
    /// Made here; nothing is put behind them.
    linked: HashSet<PathBuf>,
    /// Their times are set in the end, for each file in them changes them.
    directories: Vec<(PathBuf, SystemTime)>,
}

impl Unpacker {
    /// Unpacks into that directory, which is there.
    ///
    /// `tablespaces` are those that the server announced, and `map` where they are put instead.
    pub fn new(
        directory: impl Into<PathBuf>,
        tablespaces: &[Tablespace],
        map: &TablespaceMap,
    ) -> Self {
        let places = tablespaces.iter().map(|tablespace| tablespace.location.clone());
        let links = places.map(|place| (place.clone(), mapped(&place, map).to_owned()));
        Self {
            directory: directory.into(),
            links: links.collect(),
            reader: TarReader::new(),
            file: None,
            linked: HashSet::new(),
            directories: Vec::new(),
        }
    }

    /// Takes more of the archive.
    ///
    /// # Errors
    ///
    /// What is no archive, what is refused, and what the file system says.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            let Some(piece) = self.reader.next(&mut bytes)? else { return Ok(()) };
            match piece {
                TarPiece::Member(member) => self.begin(&member)?,
                TarPiece::Content(content) => {
                    if let Some((path, file, _)) = &mut self.file {
                        file.write_all(content).map_err(|error| failed("write", path, error))?;
                    }
                }
                TarPiece::MemberEnds => self.end()?,
            }
        }
    }

    /// The archive is over.
    ///
    /// # Errors
    ///
    /// An archive that is cut off.
    pub fn finish(self) -> Result<()> {
        self.reader.finish()?;
        for (path, modified) in self.directories.iter().rev() {
            let set = File::open(path).and_then(|directory| directory.set_modified(*modified));
            set.map_err(|error| failed("set the time of", path, error))?;
        }
        Ok(())
    }

    fn begin(&mut self, member: &TarMember) -> Result<()> {
        let relative = relative(&member.name)?;
        if relative.ancestors().any(|ancestor| self.linked.contains(ancestor)) {
            return Err(unsafe_member(&member.name, "leads through a symbolic link"));
        }
        let path = self.directory.join(&relative);
        let modified =
            SystemTime::UNIX_EPOCH + Duration::from_secs(member.modified & (u64::MAX >> 24));
        match &member.kind {
            TarKind::File(_) => {
                let file = OpenOptions::new().write(true).create_new(true).open(&path);
                let file = file.map_err(|error| failed("create", &path, error))?;
                set_mode(&path, member.mode)?;
                self.file = Some((path, file, modified));
            }
            TarKind::Directory => {
                self.make_directory(&relative, &path)?;
                set_mode(&path, member.mode)?;
                self.directories.push((path, modified));
            }
            TarKind::Link(target) => {
                self.link(member, &relative, &path, Path::new(target))?;
                self.linked.insert(relative);
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let Some((path, file, modified)) = self.file.take() else { return Ok(()) };
        file.set_modified(modified).map_err(|error| failed("set the time of", &path, error))
    }

    fn make_directory(&self, relative: &Path, path: &Path) -> Result<()> {
        match make_private_directory(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                // Where the caller put a link in its place, that is where it shall lead.
                let may = MAY_EXIST.iter().any(|known| Path::new(known) == relative)
                    || (relative.parent() == Some(Path::new(LINKS)) && path.is_dir());
                if may && path.is_dir() { Ok(()) } else { Err(failed("create", path, error)) }
            }
            made => made.map_err(|error| failed("create", path, error)),
        }
    }

    fn link(&self, member: &TarMember, relative: &Path, path: &Path, target: &Path) -> Result<()> {
        let place = relative.parent() == Some(Path::new(LINKS));
        let known = self.links.iter().find(|(theirs, _)| theirs == target);
        let (true, Some((_, ours))) = (place, known) else {
            let text = format!("is a symbolic link to {}", target.display());
            return Err(unsafe_member(&member.name, &text));
        };
        #[cfg(unix)]
        let linked = std::os::unix::fs::symlink(ours, path);
        #[cfg(windows)]
        let linked = std::os::windows::fs::symlink_dir(ours, path);
        linked.map_err(|error| failed("create", path, error))
    }
}

/// The name of a member as a path beneath the directory.
fn relative(name: &str) -> Result<PathBuf> {
    let mut relative = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => relative.push(part),
            Component::CurDir => {}
            _ => return Err(unsafe_member(name, "leads out of the directory")),
        }
    }
    if relative.as_os_str().is_empty() || name.contains('\\') {
        return Err(unsafe_member(name, "is no name of a file"));
    }
    Ok(relative)
}

/// A directory that only its owner sees.
pub(crate) fn make_private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let set = fs::set_permissions(path, Permissions::from_mode(mode & 0o777));
        set.map_err(|error| failed("set the permissions of", path, error))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

fn unsafe_member(name: &str, why: &str) -> Error {
    Error::protocol(format!("the archive's member {name:?} is refused: it {why}"))
}

pub(crate) fn failed(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::super::tar::{TAR_BLOCK, file_header, padding, resize};
    use super::*;

    fn link_header(name: &str, target: &str) -> [u8; TAR_BLOCK] {
        let mut header = file_header(name, 0, 0o777, 0);
        header[156] = b'2';
        header[157..157 + target.len()].copy_from_slice(target.as_bytes());
        resize(&mut header, 0);
        header
    }

    fn directory_header(name: &str) -> [u8; TAR_BLOCK] {
        let mut header = file_header(name, 0, 0o700, 0);
        header[156] = b'5';
        resize(&mut header, 0);
        header
    }

    fn unpack(directory: &Path, members: &[&[u8]]) -> Result<()> {
        let tablespace =
            Tablespace { oid: walscope_core::Oid(1), location: "/ts".into(), size: None };
        let map = [("/ts".into(), directory.join("elsewhere"))];
        let mut unpacker = Unpacker::new(directory.join("data"), &[tablespace], &map);
        for member in members {
            unpacker.write(member)?;
        }
        unpacker.write(&[0; 2 * TAR_BLOCK])?;
        unpacker.finish()
    }

    fn refused(members: &[&[u8]]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("data")).expect("a folder");
        fs::create_dir(folder.path().join("elsewhere")).expect("a folder");
        let error = unpack(folder.path(), members).expect_err("refused").to_string();
        assert!(fs::read_dir(folder.path().join("elsewhere")).expect("there").next().is_none());
        error
    }

    /// Red without the check of components in `relative`.
    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["/etc/passwd", "../x", "a/../../x", "..", "a\\b", "."] {
            let error = refused(&[&file_header(name, 0, 0o600, 0)]);
            assert!(error.contains("is refused"), "{name}: {error}");
        }
    }

    /// Red without the look at `linked` in `begin`, and with `true` for `place`, or any link known.
    #[test]
    fn links_lead_to_tablespaces_only_and_nothing_goes_through_them() {
        let tablespaces = directory_header("pg_tblspc");
        let good = link_header("pg_tblspc/1", "/ts");
        for members in [
            &[&tablespaces, &good, &file_header("pg_tblspc/1/x", 0, 0o600, 0)][..],
            &[&tablespaces, &good, &directory_header("pg_tblspc/1")],
            &[&tablespaces, &link_header("pg_tblspc/1", "/etc")],
            &[&tablespaces, &link_header("pg_tblspc/1", "../x")],
            &[&link_header("base", "/ts")],
        ] {
            let members: Vec<&[u8]> = members.iter().map(|member| &member[..]).collect();
            let error = refused(&members);
            assert!(error.contains("is refused"), "{error}");
        }
    }

    #[test]
    fn a_file_that_comes_twice_is_refused() {
        let file = file_header("x", 0, 0o600, 0);
        assert!(refused(&[&file, &file]).contains("cannot create"));
    }

    #[test]
    #[cfg(unix)]
    fn contents_modes_times_and_links_are_those_of_the_archive() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder");
        let content = vec![b'x'; 700];
        let file = file_header("pg_tblspc/f", 700, 0o640, 1_000_000_000);
        let link = link_header("pg_tblspc/1", "/ts");
        let filling = vec![0; padding(700)];
        let directory = directory_header("pg_tblspc");
        let members: [&[u8]; 5] = [&directory, &file, &content, &filling, &link];
        unpack(folder.path(), &members).expect("an archive");
        let path = data.join("pg_tblspc/f");
        assert_eq!(fs::read(&path).expect("a file"), content);
        let found = fs::metadata(&path).expect("a file");
        assert_eq!((found.mode() & 0o777, found.mtime()), (0o640, 1_000_000_000));
        let target = fs::read_link(data.join("pg_tblspc/1")).expect("a link");
        assert_eq!(target, folder.path().join("elsewhere"));
        assert_eq!(fs::metadata(data.join("pg_tblspc")).expect("there").mtime(), 0);
    }
}
