//! Puts files into an archive that stays one (`src/bin/pg_basebackup/astreamer_inject.c`).

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::recovery::{AUTO_CONF, STANDBY_SIGNAL};
use super::tar::{TAR_BLOCK, TarKind, TarPiece, TarReader, file_header, padding, resize};
use crate::error::{Error, Result};

/// Passes an archive on, with settings for recovery and other files in it.
#[derive(Debug)]
pub(crate) struct Injector<W> {
    output: W,
    reader: TarReader,
    /// What is to stand at the end of `postgresql.auto.conf`.
    settings: Option<String>,
    /// They stand there.
    written: bool,
    /// What comes behind the content of the member in hand.
    behind: Vec<u8>,
    /// The member in hand is left out.
    skips: bool,
}

impl<W: Write> Injector<W> {
    /// Passes on to there; with settings the backup becomes a standby.
    pub(crate) fn new(output: W, settings: Option<String>) -> Self {
        let (reader, behind) = (TarReader::new(), Vec::new());
        Self { output, reader, settings, written: false, behind, skips: false }
    }

    /// Takes more of the archive. Errors of the output are [`Error::Io`].
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            let Some(piece) = self.reader.next(&mut bytes)? else { return Ok(()) };
            match piece {
                TarPiece::Member(member) => {
                    let mut header = member.header;
                    let size = match member.kind {
                        TarKind::File(size) => size,
                        _ => 0,
                    };
                    self.behind.clear();
                    self.behind.resize(padding(size), 0);
                    self.skips = self.settings.is_some() && member.name == STANDBY_SIGNAL;
                    if let Some(settings) = &self.settings
                        && member.name == AUTO_CONF
                    {
                        let size = size + settings.len() as u64;
                        resize(&mut header, size);
                        self.behind = settings.clone().into_bytes();
                        self.behind.resize(self.behind.len() + padding(size), 0);
                        self.written = true;
                    }
                    self.put(&header)?;
                }
                TarPiece::Content(content) => self.put(content)?,
                TarPiece::MemberEnds => {
                    let behind = std::mem::take(&mut self.behind);
                    self.put(&behind)?;
                    self.skips = false;
                }
            }
        }
    }

    /// Ends the archive, with these files in it, and returns what it was passed on to.
    pub(crate) fn finish(mut self, files: &[(&str, &[u8])]) -> Result<W> {
        self.reader.finish()?;
        if let Some(settings) = self.settings.take() {
            if !self.written {
                self.add(AUTO_CONF, settings.as_bytes())?;
            }
            self.add(STANDBY_SIGNAL, &[])?;
        }
        for (name, content) in files {
            self.add(name, content)?;
        }
        self.put(&[0; 2 * TAR_BLOCK])?;
        Ok(self.output)
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let size = content.len() as u64;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.put(&file_header(name, size, 0o600, now.as_secs()))?;
        self.put(content)?;
        self.put(&vec![0; padding(size)])
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.skips {
            return Ok(());
        }
        self.output.write_all(bytes).map_err(Error::Io)
    }
}

/// A tar file of files that come one after another.
#[derive(Debug)]
pub(crate) struct TarWriter<W> {
    output: W,
    /// How much of the member in hand is missing, and the zeros behind it.
    left: u64,
    padding: usize,
}

impl<W: Write> TarWriter<W> {
    pub(crate) fn new(output: W) -> Self {
        Self { output, left: 0, padding: 0 }
    }

    /// Begins a file of that size.
    pub(crate) fn begin(&mut self, name: &str, size: u64, modified: u64) -> io::Result<()> {
        (self.left, self.padding) = (size, padding(size));
        self.output.write_all(&file_header(name, size, 0o600, modified))
    }

    /// Writes more of it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        self.output.write_all(bytes)
    }

    /// Fills the rest of it with zeros.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let zeros = [0; 64 * TAR_BLOCK];
        let mut left = self.left + self.padding as u64;
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
            self.output.write_all(&zeros[..length])?;
            left -= length as u64;
        }
        self.left = 0;
        self.padding = 0;
        Ok(())
    }

    /// Ends the tar file.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.output.write_all(&[0; 2 * TAR_BLOCK])?;
        Ok(self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        Injector::new(Vec::new(), None).finish_empty(files)
    }

    impl Injector<Vec<u8>> {
        fn finish_empty(mut self, files: &[(&str, &[u8])]) -> Vec<u8> {
            self.write(&[0; TAR_BLOCK]).expect("an archive");
            self.finish(files).expect("an archive")
        }
    }

    fn contents(mut bytes: &[u8]) -> Vec<(String, String)> {
        let (mut reader, mut files) = (TarReader::new(), Vec::new());
        while let Some(piece) = reader.next(&mut bytes).expect("an archive") {
            match piece {
                TarPiece::Member(member) => files.push((member.name, String::new())),
                TarPiece::Content(content) => {
                    let last = files.last_mut().expect("a member");
                    last.1 += &String::from_utf8_lossy(content);
                }
                TarPiece::MemberEnds => {}
            }
        }
        reader.finish().expect("an archive");
        files
    }

    #[test]
    fn settings_are_added_and_files_put_in() {
        let long = "x".repeat(700);
        for (before, conf) in [
            (archive(&[("a", b"1"), (AUTO_CONF, b"old\n"), ("b", b"2")]), "old\nnew\n"),
            (archive(&[("a", b"1"), (STANDBY_SIGNAL, b""), ("b", b"2")]), "new\n"),
        ] {
            for cut in [0, 1, TAR_BLOCK, 3 * TAR_BLOCK + 5] {
                let mut injector = Injector::new(Vec::new(), Some("new\n".to_owned()));
                let (head, tail) = before.split_at(cut);
                injector.write(head).expect("an archive");
                injector.write(tail).expect("an archive");
                let files = [("m", long.as_bytes())];
                let mut after = contents(&injector.finish(&files).expect("an archive"));
                after.sort();
                let name = |name: &str, content: &str| (name.to_owned(), content.to_owned());
                let expected = [
                    name("a", "1"),
                    name("b", "2"),
                    name("m", &long),
                    name(AUTO_CONF, conf),
                    name(STANDBY_SIGNAL, ""),
                ];
                assert_eq!(after, expected);
            }
        }
    }
}
