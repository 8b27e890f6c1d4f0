//! Resource managers by number and name.

use core::fmt;

use crate::wal::Version;

/// The number of a resource manager.
///
/// Displayed as `pg_waldump` does: its name, or `custom128` and so on of one that an extension
/// brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RmgrId(pub u8);

impl RmgrId {
    /// Checkpoints, switches of segments, page images, parameters.
    pub const XLOG: Self = Self(0);
    /// Commits and aborts.
    pub const TRANSACTION: Self = Self(1);
    /// Files of relations.
    pub const STORAGE: Self = Self(2);
    /// Which transactions have committed.
    pub const CLOG: Self = Self(3);
    /// Databases.
    pub const DATABASE: Self = Self(4);
    /// Tablespaces.
    pub const TABLESPACE: Self = Self(5);
    /// Rows locked by several transactions.
    pub const MULTIXACT: Self = Self(6);
    /// The files of the catalogs that know those of the others.
    pub const RELMAP: Self = Self(7);
    /// What a hot standby needs.
    pub const STANDBY: Self = Self(8);
    /// Tables: what did not fit into [`HEAP`](Self::HEAP).
    pub const HEAP2: Self = Self(9);
    /// Tables.
    pub const HEAP: Self = Self(10);
    /// B-tree indexes.
    pub const BTREE: Self = Self(11);
    /// Hash indexes.
    pub const HASH: Self = Self(12);
    /// GIN indexes.
    pub const GIN: Self = Self(13);
    /// GiST indexes.
    pub const GIST: Self = Self(14);
    /// Sequences.
    pub const SEQUENCE: Self = Self(15);
    /// SP-GiST indexes.
    pub const SPGIST: Self = Self(16);
    /// BRIN indexes.
    pub const BRIN: Self = Self(17);
    /// When transactions have committed.
    pub const COMMIT_TS: Self = Self(18);
    /// How far replication has come.
    pub const REPLICATION_ORIGIN: Self = Self(19);
    /// Indexes of extensions, as differences of pages.
    pub const GENERIC: Self = Self(20);
    /// Messages for logical decoding.
    pub const LOGICAL_MESSAGE: Self = Self(21);

    /// The built-in ones, which are the same in all versions, by their numbers.
    const NAMES: [&str; 22] = [
        "XLOG",
        "Transaction",
        "Storage",
        "CLOG",
        "Database",
        "Tablespace",
        "MultiXact",
        "RelMap",
        "Standby",
        "Heap2",
        "Heap",
        "Btree",
        "Hash",
        "Gin",
        "Gist",
        "Sequence",
        "SPGist",
        "BRIN",
        "CommitTs",
        "ReplicationOrigin",
        "Generic",
        "LogicalMessage",
    ];

    /// How wide a column of names is at least.
    #[cfg(feature = "alloc")]
    pub(in crate::wal) const WIDTH: usize = 11;

    /// The names with spaces up to that width; of longer ones the beginning.
    #[cfg(feature = "alloc")]
    const PADDED: [[u8; Self::WIDTH]; 22] = padded(&Self::NAMES);

    /// The first of those that extensions bring.
    const FIRST_CUSTOM: u8 = 128;

    /// All built-in ones.
    pub fn builtin() -> impl ExactSizeIterator<Item = Self> {
        (0..22).map(Self)
    }

    /// The name of a built-in one.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.get(usize::from(self.0)).copied()
    }

    /// The name of a built-in one with spaces behind it; `None`: that is not what it is, or the name is
    /// longer.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(in crate::wal) fn padded_name(self) -> Option<&'static [u8; Self::WIDTH]> {
        let at = usize::from(self.0);
        let is_short = Self::NAMES.get(at)?.len() <= Self::WIDTH;
        Self::PADDED.get(at).filter(|_| is_short)
    }

    /// Whether extensions may bring it, since PostgreSQL 15.
    pub const fn is_custom(self) -> bool {
        self.0 >= Self::FIRST_CUSTOM
    }

    /// Whether a version can have written records of it.
    #[inline]
    pub fn is_valid(self, version: Version) -> bool {
        usize::from(self.0) < Self::NAMES.len() || (self.is_custom() && version >= Version::V15)
    }

    /// The one of a name, as it is displayed; upper and lower case are the same
    /// (`pg_waldump --rmgr`).
    pub fn from_name(name: &str) -> Option<Self> {
        const CUSTOM: &str = "custom";
        if let Some(found) = Self::builtin()
            .find(|id| id.name().is_some_and(|known| known.eq_ignore_ascii_case(name)))
        {
            return Some(found);
        }
        let (prefix, digits) = name.split_at_checked(CUSTOM.len())?;
        let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !prefix.eq_ignore_ascii_case(CUSTOM) || !three {
            return None;
        }
        digits.parse().ok().map(Self).filter(|id| id.is_custom())
    }
}

#[cfg(feature = "alloc")]
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "computed when this is compiled, which fails if an index does not fit"
)]
const fn padded<const N: usize, const WIDTH: usize>(names: &[&str; N]) -> [[u8; WIDTH]; N] {
    let mut padded = [[b' '; WIDTH]; N];
    let mut number = 0;
    while number < N {
        let name = names[number].as_bytes();
        let mut at = 0;
        while at < WIDTH && at < name.len() {
            padded[number][at] = name[at];
            at += 1;
        }
        number += 1;
    }
    padded
}

impl fmt::Display for RmgrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.pad(name);
        }
        let digit = |by: u8| self.0.checked_div(by).unwrap_or(0) % 10;
        let mut name = *b"custom000";
        let (_, digits) = name.split_at_mut(6);
        for (place, by) in digits.iter_mut().zip([100, 10, 1]) {
            *place = place.saturating_add(digit(by));
        }
        f.pad(core::str::from_utf8(&name).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::format;

    #[test]
    fn names_go_both_ways() {
        for id in RmgrId::builtin().chain((128..=255).map(RmgrId)) {
            assert_eq!(RmgrId::from_name(&format!("{id}")), Some(id));
        }
        assert_eq!(format!("{:<11}|", RmgrId::HEAP), "Heap       |");
        assert_eq!(format!("{:<11}|", RmgrId(128)), "custom128  |");
        assert_eq!(RmgrId::from_name("XLOG"), RmgrId::from_name("xlog"));
        for name in ["", "custom", "custom1", "custom127", "custom256", "custom+28", "Heap3"] {
            assert_eq!(RmgrId::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn versions_know_other_ones() {
        assert!(!RmgrId(22).is_valid(Version::V18));
        assert!(!RmgrId(128).is_valid(Version::V14));
        assert!(RmgrId(128).is_valid(Version::V15));
    }
}
