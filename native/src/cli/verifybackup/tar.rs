//! A backup that is in tar files: `base.tar`, `OID.tar` of tablespaces, `pg_wal.tar`, compressed or not.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Verification;
use super::checksum::Checksum;
use super::control::{self, CONTROL_FILE};
use super::options::tidy;
use crate::cli::pg_tool::system_text;
use crate::cli::read_buffer::ReadBuffer;
use crate::{
    ChecksumAlgorithm, CompressionMethod, TarKind, TarMember, TarPiece, TarReader, unpacked,
};

/// What is read at once.
const CHUNK: usize = 256 * 1024;
/// No control file is larger.
const CONTROL_LIMIT: usize = 8192;

/// An archive of the backup.
struct Archive {
    path: PathBuf,
    name: String,
    /// What stands before the names in it to make them those of the manifest.
    prefix: Vec<u8>,
}

/// The archives that have the log.
#[derive(Debug, Default)]
pub(super) struct WalArchives {
    pub(super) base: Option<PathBuf>,
    pub(super) wal: Option<PathBuf>,
}

/// What was found of the manifest's files in an archive.
struct Found {
    index: usize,
    bad: bool,
}

impl Verification<'_> {
    /// Looks at all archives in the directory; an error ends all.
    pub(super) fn verify_tar(&mut self) -> Result<WalArchives, String> {
        let directory = &self.settings.directory;
        let cannot = |error: &io::Error| {
            let text = system_text(error);
            format!("could not open directory \"{}\": {text}", directory.display())
        };
        let entries = fs::read_dir(directory).map_err(|error| cannot(&error))?;
        let (mut archives, mut with_wal) = (Vec::new(), WalArchives::default());
        for entry in entries {
            let entry = entry.map_err(|error| cannot(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !self.ignores(name.as_bytes()) && !self.report.stops() {
                archives.extend(self.archive(&entry.path(), &name, &mut with_wal));
            }
        }
        let failure = Mutex::new(None);
        let results: Vec<Vec<Found>> = std::thread::scope(|scope| {
            let threads: Vec<_> = archives
                .iter()
                .map(|archive| {
                    let (this, failure) = (&*self, &failure);
                    scope.spawn(move || {
                        let mut found = Vec::new();
                        if let Err(text) = this.contents(archive, &mut found)
                            && let Ok(mut failure) = failure.lock()
                        {
                            failure.get_or_insert(text);
                        }
                        found
                    })
                })
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        for found in results.into_iter().flatten() {
            self.matched[found.index] = true;
            self.bad[found.index] |= found.bad;
        }
        self.report.end();
        if let Some(text) = failure.into_inner().ok().flatten() {
            return Err(text);
        }
        self.missing();
        Ok(with_wal)
    }

    /// The archive that a file is, if it is one to look at.
    fn archive(&self, path: &Path, name: &str, with_wal: &mut WalArchives) -> Option<Archive> {
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) => {
                let text = system_text(&error);
                self.report.error(&format!("could not stat file or directory \"{name}\": {text}"));
                return None;
            }
        };
        if !found.is_file() {
            self.report.error(&format!("file \"{name}\" is not a regular file"));
            return None;
        }
        let stem = name
            .split_once(".tar")
            .filter(|(_, suffix)| matches!(*suffix, "" | ".gz" | ".lz4" | ".zst"));
        let tablespace = stem.and_then(|(stem, _)| stem.parse::<u32>().ok()).filter(|oid| *oid > 0);
        let prefix = match (stem, tablespace) {
            (Some(("pg_wal", _)), _) => {
                with_wal.wal = Some(path.to_owned());
                return None;
            }
            (Some(("base", _)), _) => {
                with_wal.base = Some(path.to_owned());
                Vec::new()
            }
            (_, Some(oid)) => format!("pg_tblspc/{oid}/").into_bytes(),
            _ => {
                self.report
                    .error(&format!("file \"{name}\" is not expected in a tar format backup"));
                return None;
            }
        };
        self.report.add_total(found.len());
        Some(Archive { path: path.to_owned(), name: name.to_owned(), prefix })
    }

    /// Reads an archive; an error ends all.
    fn contents(&self, archive: &Archive, found: &mut Vec<Found>) -> Result<(), String> {
        let file = match File::open(&archive.path) {
            Ok(file) => file,
            Err(error) => {
                let text = system_text(&error);
                self.report.error(&format!("could not open file \"{}\": {text}", archive.name));
                return Ok(());
            }
        };
        let counted = Counted { file, verification: self };
        let method = CompressionMethod::of_name(&archive.name);
        let mut input = unpacked(counted, method).map_err(|error| unreadable(archive, &error))?;
        let (mut reader, mut buffer) = (TarReader::new(), ReadBuffer::new(CHUNK));
        let mut member: Option<Member<'_>> = None;
        loop {
            let length = input.read(&mut buffer).map_err(|error| unreadable(archive, &error))?;
            let mut bytes = &buffer[..length];
            let bad = |error| format!("archive \"{}\": {error}", archive.name);
            while let Some(piece) = reader.next(&mut bytes).map_err(bad)? {
                match piece {
                    TarPiece::Member(begins) => member = self.begin(archive, &begins, found),
                    TarPiece::Content(content) => {
                        if let Some(member) = &mut member {
                            member.take(content);
                        }
                    }
                    TarPiece::MemberEnds => {
                        if let Some(member) = member.take() {
                            self.end(archive, member)?;
                        }
                    }
                }
            }
            if self.report.stops() {
                return Ok(());
            }
            if length == 0 {
                return reader.finish().map_err(bad);
            }
        }
    }

    fn begin<'m>(
        &'m self,
        archive: &Archive,
        member: &TarMember,
        found: &mut Vec<Found>,
    ) -> Option<Member<'m>> {
        let TarKind::File(size) = member.kind else { return None };
        let path = tidy(&[&archive.prefix, member.name.as_bytes()].concat());
        if self.ignores(&path) {
            return None;
        }
        let (shown, name) = (&member.name, &archive.name);
        let Some(index) = self.manifest.index.get(&path).copied() else {
            self.report.error(&format!(
                "file \"{shown}\" is present in archive \"{name}\" but not in the manifest"
            ));
            return None;
        };
        let file = &self.manifest.files[index];
        let bad = size != file.size;
        found.push(Found { index, bad });
        if bad {
            let expected = file.size;
            self.report.error(&format!(
                "file \"{shown}\" has size {size} in archive \"{name}\" but size {expected} in the \
                 manifest"
            ));
            return None;
        }
        let checked = self.settings.checksums && file.algorithm != ChecksumAlgorithm::None;
        let control = self.manifest.version != 1 && path == CONTROL_FILE;
        Some(Member {
            shown: String::from_utf8_lossy(&path).into_owned(),
            expected: &file.checksum,
            checksum: checked.then(|| Checksum::new(file.algorithm)),
            control: control.then(Vec::new),
        })
    }

    fn end(&self, archive: &Archive, member: Member<'_>) -> Result<(), String> {
        let (shown, name) = (&member.shown, &archive.name);
        if let Some(checksum) = member.checksum {
            let found = checksum.finish();
            if found.len() != member.expected.len() {
                let (has, expected) = (member.expected.len(), found.len());
                self.report.error(&format!(
                    "file \"{shown}\" in archive \"{name}\" has checksum of length {has}, but \
                     expected {expected}"
                ));
            } else if found != member.expected {
                let text = format!("checksum mismatch for file \"{shown}\" in archive \"{name}\"");
                self.report.error(&text);
            }
        }
        let Some(control) = member.control else { return Ok(()) };
        let place = format!("{name}: {shown}");
        control::check(&control, self.manifest.system_identifier, &place)
    }
}

fn unreadable(archive: &Archive, error: &io::Error) -> String {
    format!("could not read file \"{}\": {}", archive.name, system_text(error))
}

/// A member that is looked at.
struct Member<'m> {
    shown: String,
    expected: &'m [u8],
    checksum: Option<Checksum>,
    control: Option<Vec<u8>>,
}

impl Member<'_> {
    fn take(&mut self, content: &[u8]) {
        if let Some(checksum) = &mut self.checksum {
            checksum.update(content);
        }
        if let Some(control) = &mut self.control
            && control.len() <= CONTROL_LIMIT
        {
            control.extend_from_slice(content);
        }
    }
}

/// An archive's file, which tells how far it is.
struct Counted<'v> {
    file: File,
    verification: &'v Verification<'v>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.verification.report.add_done(length as u64);
        Ok(length)
    }
}
