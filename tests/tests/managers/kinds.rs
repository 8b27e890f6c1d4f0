//! The kinds of record that there are.

use std::collections::BTreeSet;
use std::fmt;

use walscope_core::wal::rmgr::identify;
use walscope_core::wal::{RmgrId, Version};
use walscope_tests::Major;

/// A resource manager and one of its kinds of record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    manager: String,
    name: String,
}

/// What the workload does not make, for it would take a million transactions, a crash, a promotion or
/// another start: recorded segments have it (`core/tests/wal/samples`).
const RECORDED: [&str; 6] = [
    "CLOG/TRUNCATE",
    "XLOG/CHECKPOINT_SHUTDOWN",
    "XLOG/END_OF_RECOVERY",
    "XLOG/NEXTOID",
    "XLOG/OVERWRITE_CONTRECORD",
    "XLOG/PARAMETER_CHANGE",
];
/// What no test sees: it takes an unlogged GiST index that is built while `wal_level` is `minimal`, or a
/// catalog that is rewritten while logical decoding goes on; or nothing in PostgreSQL makes it.
const NEVER: [&str; 4] = ["Gist/ASSIGN_LSN", "Heap/HOT_UPDATE+INIT", "Heap2/REWRITE", "XLOG/NOOP"];

impl Kind {
    pub(crate) fn new(manager: &str, name: &str) -> Self {
        Self { manager: manager.to_owned(), name: name.to_owned() }
    }

    /// Whether the workload need not make it, for it is recorded.
    pub(crate) fn is_recorded(&self) -> bool {
        RECORDED.contains(&self.to_string().as_str())
    }

    /// Whether nothing makes it here.
    pub(crate) fn is_never_made(&self) -> bool {
        NEVER.contains(&self.to_string().as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.manager, self.name)
    }
}

/// All kinds of a version.
pub(crate) fn all(major: Major) -> BTreeSet<Kind> {
    let version = Version::ALL.into_iter().find(|version| version.major() == major.number());
    let version = version.expect("a version");
    let infos = || (0..=0xF0).step_by(0x10);
    let names = RmgrId::builtin().flat_map(|rmgr| {
        infos().filter_map(move |info| Some((rmgr, identify(rmgr, info, version)?)))
    });
    names.map(|(rmgr, name)| Kind::new(&rmgr.to_string(), name)).collect()
}
