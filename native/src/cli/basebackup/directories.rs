//! The directories of a backup: they must be empty, and are cleaned up when it fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::backup::{make_directories, remove_contents};
use crate::cli::pg_tool::{Stop, say};

/// A directory that a backup is written into.
#[derive(Debug)]
struct Used {
    what: &'static str,
    path: PathBuf,
    /// It was not there before.
    made: bool,
}

/// What is to be cleaned up if the backup fails.
#[derive(Debug, Default)]
pub(in crate::cli) struct Directories {
    used: Vec<Used>,
    tablespaces: bool,
}

impl Directories {
    /// Makes a directory, or sees that it is empty (`verify_dir_is_empty_or_create`).
    pub(in crate::cli) fn take(&mut self, what: &'static str, path: &Path) -> Result<(), Stop> {
        let made = empty_or_made(path)?;
        self.used.push(Used { what, path: path.to_owned(), made });
        Ok(())
    }

    /// The same for a tablespace's, which is not cleaned up: `pg_basebackup` does not either.
    pub(in crate::cli) fn take_tablespace(&mut self, path: &Path) -> Result<(), Stop> {
        empty_or_made(path)?;
        self.tablespaces = true;
        Ok(())
    }

    /// After a failure.
    pub(in crate::cli) fn clean_up(&self, program: &str, clean: bool) {
        for Used { what, path, made } in &self.used {
            let shown = path.display();
            if !clean {
                say(program, format!("{what} \"{shown}\" not removed at user's request"));
                continue;
            }
            let contents = if *made { "" } else { "contents of " };
            say(program, format!("removing {contents}{what} \"{shown}\""));
            let removed = if *made { fs::remove_dir_all(path) } else { remove_contents(path) };
            if let Err(error) = removed {
                say(program, format!("error: failed to remove {contents}{what}: {error}"));
            }
        }
        if self.tablespaces {
            say(program, "changes to tablespace directories will not be undone");
        }
    }
}

fn empty_or_made(path: &Path) -> Result<bool, Stop> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_directories(path).map_err(|error| Stop::file("create directory", path, &error))?;
            Ok(true)
        }
        Err(error) => Err(Stop::file("access directory", path, &error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(false),
            Some(_) => {
                let text = format!("directory \"{}\" exists but is not empty", path.display());
                Err(Stop::new(text))
            }
        },
    }
}
