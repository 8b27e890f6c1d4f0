//! Where the servers are: asked of the JavaScript harness, which installs them and knows the cache.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

/// The major versions of PostgreSQL that walscope is tested with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Major {
    /// PostgreSQL 14.
    V14,
    /// PostgreSQL 15.
    V15,
    /// PostgreSQL 16.
    V16,
    /// PostgreSQL 17.
    V17,
    /// PostgreSQL 18, which a test gets that does not say which.
    #[default]
    V18,
}

impl Major {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [Self::V14, Self::V15, Self::V16, Self::V17, Self::V18];

    /// The number, such as 15.
    pub fn number(self) -> u32 {
        14 + self as u32
    }
}

impl fmt::Display for Major {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.number())
    }
}

/// The user that a server runs as, where this process is root.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The line that `install.js` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Installed {
    /// The folder of `postgres`.
    pub(crate) bin: PathBuf,
    /// A data directory to copy.
    pub(crate) template: PathBuf,
    pub(crate) owner: Option<Owner>,
    /// The folder to make a server's own folder in.
    pub(crate) parent: PathBuf,
}

/// A file of the JavaScript harness.
pub(crate) fn harness_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("harness").join(name)
}

/// The server of a major version, installed when it is not there.
pub(crate) fn installed(major: Major) -> &'static Installed {
    static FOUND: [OnceLock<Installed>; Major::ALL.len()] =
        [const { OnceLock::new() }; Major::ALL.len()];
    FOUND[major as usize].get_or_init(|| run_installer(major))
}

fn run_installer(major: Major) -> Installed {
    let output = Command::new("node")
        .arg(harness_file("install.js"))
        .arg(major.to_string())
        .output()
        .unwrap_or_else(|error| panic!("cannot run node, which installs the servers: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cannot install PostgreSQL {major}: {}", said.trim());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("install.js printed what is not its line: {error}"))
}
