//! How archives are compressed: the algorithms and their details, in PostgreSQL's words
//! (`src/common/compression.c`).

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A way of compressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionMethod {
    /// `gzip`, levels 1 to 9.
    Gzip,
    /// `lz4`, levels 0 to 12.
    Lz4,
    /// `zstd`, levels -131072 to 22.
    Zstd,
}

impl CompressionMethod {
    const ALL: [(Self, &str); 3] = [(Self::Gzip, "gzip"), (Self::Lz4, "lz4"), (Self::Zstd, "zstd")];

    /// PostgreSQL's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// What an archive's name ends in after `.tar`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Lz4 => ".lz4",
            Self::Zstd => ".zst",
        }
    }

    /// The method that a file's name tells.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().map(|(method, _)| *method);
        all.find(|method| name.ends_with(method.suffix()))
    }

    fn levels(self) -> (i32, i32) {
        match self {
            Self::Gzip => (1, 9),
            Self::Lz4 => (0, 12),
            Self::Zstd => (-131_072, 22),
        }
    }
}

impl FromStr for CompressionMethod {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(method, _)| *method).ok_or(())
    }
}

/// A way of compressing with its details.
///
/// It is read and written as PostgreSQL does: `METHOD` or `METHOD:DETAIL`, where the detail is a level
/// or a list such as `level=3,workers=2,long`.
///
/// ```
/// use walscope::{Compression, CompressionMethod};
/// let compression: Compression = "zstd:level=3,workers=2".parse()?;
/// assert_eq!((compression.method, compression.workers), (CompressionMethod::Zstd, Some(2)));
/// # Ok::<(), walscope::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// The method.
    pub method: CompressionMethod,
    /// The level; `None`: the method's own.
    pub level: Option<i32>,
    /// How many threads compress (`zstd` only).
    pub workers: Option<u32>,
    /// Whether repetitions are found over long distances (`zstd` only, PostgreSQL 16).
    pub long: bool,
}

impl Compression {
    /// A method without details.
    pub const fn new(method: CompressionMethod) -> Self {
        Self { method, level: None, workers: None, long: false }
    }

    /// Refuses details that the method does not have.
    pub(crate) fn check(&self) -> Result<()> {
        let name = self.method.name();
        let (lowest, highest) = self.method.levels();
        if self.level.is_some_and(|level| !(lowest..=highest).contains(&level)) {
            return Err(invalid(format!(
                "compression algorithm \"{name}\" expects a compression level between {lowest} and \
                 {highest}"
            )));
        }
        let zstd = self.method == CompressionMethod::Zstd;
        if self.workers.is_some() && !zstd {
            return Err(invalid(format!(
                "compression algorithm \"{name}\" does not accept a worker count"
            )));
        }
        if self.long && !zstd {
            return Err(invalid(format!(
                "compression algorithm \"{name}\" does not support long-distance mode"
            )));
        }
        Ok(())
    }

    /// What stands behind the colon.
    pub(crate) fn detail(&self) -> Option<String> {
        let mut words = Vec::new();
        if let Some(level) = self.level {
            words.push(format!("level={level}"));
        }
        if let Some(workers) = self.workers {
            words.push(format!("workers={workers}"));
        }
        if self.long {
            words.push("long".to_owned());
        }
        (!words.is_empty()).then(|| words.join(","))
    }

    fn take(&mut self, word: &str) -> Result<()> {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word, None),
        };
        match key {
            "level" => self.level = Some(integer(key, value)?),
            "workers" => {
                let workers: i32 = integer(key, value)?;
                self.workers = Some(workers.try_into().map_err(|_| {
                    invalid(format!("value for compression option \"{key}\" must not be negative"))
                })?);
            }
            "long" => self.long = boolean(key, value)?,
            "" => {
                return Err(invalid("found empty string where a compression option was expected"));
            }
            _ => return Err(invalid(format!("unrecognized compression option: \"{key}\""))),
        }
        Ok(())
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, detail) = match text.split_once(':') {
            Some((name, detail)) => (name, Some(detail)),
            None => (text, None),
        };
        let method = name.parse().map_err(|()| {
            Error::config(format!("unrecognized compression algorithm: \"{name}\""))
        })?;
        let mut compression = Self::new(method);
        if let Some(detail) = detail {
            if let Ok(level) = detail.parse() {
                compression.level = Some(level);
            } else {
                detail.split(',').try_for_each(|word| compression.take(word))?;
            }
        }
        compression.check()?;
        Ok(compression)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(detail) => write!(f, "{}:{detail}", self.method.name()),
            None => f.write_str(self.method.name()),
        }
    }
}

fn invalid(problem: impl fmt::Display) -> Error {
    Error::config(format!("invalid compression specification: {problem}"))
}

fn integer(key: &str, value: Option<&str>) -> Result<i32> {
    let Some(value) = value else {
        return Err(invalid(format!("compression option \"{key}\" requires a value")));
    };
    value
        .parse()
        .map_err(|_| invalid(format!("value for compression option \"{key}\" must be an integer")))
}

fn boolean(key: &str, value: Option<&str>) -> Result<bool> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("yes" | "on" | "1") => Ok(true),
        Some("no" | "off" | "0") => Ok(false),
        Some(_) => {
            Err(invalid(format!("value for compression option \"{key}\" must be a Boolean value")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read_and_written() {
        for (text, written) in [
            ("gzip", "gzip"),
            ("gzip:9", "gzip:level=9"),
            ("lz4:level=0", "lz4:level=0"),
            ("zstd:-7", "zstd:level=-7"),
            ("zstd:workers=2,long", "zstd:workers=2,long"),
            ("zstd:long=off,level=1", "zstd:level=1"),
        ] {
            let compression: Compression = text.parse().expect(text);
            assert_eq!(compression.to_string(), written);
        }
    }

    #[test]
    fn what_a_method_does_not_have_is_refused() {
        for (text, problem) in [
            ("bzip2", "unrecognized compression algorithm: \"bzip2\""),
            ("gzip:0", "expects a compression level between 1 and 9"),
            ("lz4:13", "between 0 and 12"),
            ("zstd:23", "and 22"),
            ("gzip:workers=2", "does not accept a worker count"),
            ("lz4:long", "does not support long-distance mode"),
            ("zstd:level", "requires a value"),
            ("zstd:level=x", "must be an integer"),
            ("zstd:workers=-1", "must not be negative"),
            ("zstd:long=maybe", "must be a Boolean value"),
            ("zstd:fast", "unrecognized compression option: \"fast\""),
            ("zstd:level=1,", "found empty string"),
        ] {
            let error = text.parse::<Compression>().expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
