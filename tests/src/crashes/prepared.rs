//! The transactions that are prepared and neither committed nor rolled back, as their writers know
//! them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use walscope_core::Lsn;

/// How long a transaction stays prepared that a crash was aimed at: over the restart.
const PINNED: Duration = Duration::from_millis(1500);

/// Shared by those who prepare, end, and look.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared(Arc<Mutex<BTreeMap<String, Open>>>);

#[derive(Clone, Copy, Debug)]
struct Open {
    /// The log ended here when it was prepared.
    lsn: Lsn,
    /// Not to be ended before.
    until: Instant,
}

impl Prepared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, gid: &str, lsn: Lsn, least: Duration) {
        let until = Instant::now() + least;
        self.lock().entry(gid.to_owned()).or_insert(Open { lsn, until });
    }

    /// Takes one that may be ended and whose name begins like that.
    pub(super) fn take(&self, prefix: &str, now: Instant) -> Option<String> {
        let mut all = self.lock();
        let found = all.iter().find(|(gid, open)| gid.starts_with(prefix) && open.until <= now);
        let gid = found.map(|(gid, _)| gid.clone())?;
        all.remove(&gid);
        Some(gid)
    }

    /// How many there are.
    pub(super) fn count(&self, prefix: &str) -> usize {
        self.lock().keys().filter(|gid| gid.starts_with(prefix)).count()
    }

    /// Whether something is prepared before this, with something else between. It stays so for a
    /// while.
    pub(super) fn hold_before(&self, confirmed: Lsn) -> bool {
        let mut all = self.lock();
        let before = |open: &Open| open.lsn < confirmed;
        let until = Instant::now() + PINNED;
        let found = all.values_mut().filter(|open| before(open));
        found.map(|open| open.until = open.until.max(until)).count() > 0
    }
}
