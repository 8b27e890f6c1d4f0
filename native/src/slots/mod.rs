//! Replication slots: created, altered, read, dropped, listed, in the words that each server version
//! understands.
//!
//! The manual's "Streaming Replication Protocol", and `src/backend/replication/repl_gram.y` of
//! PostgreSQL 14 to 18.

mod change;
mod create;
mod info;

pub use change::{SlotChanges, SlotPosition};
pub use create::{CreatedSlot, ExportedSnapshot, LogicalSlot, PhysicalSlot};
pub use info::SlotInfo;

use crate::client::Client;
use crate::connect::ConnectionKind;
use crate::error::{Error, Result};

/// The first server whose commands take options in a parenthesised list.
const OPTION_LIST: u32 = 15;
/// The first server with failover slots.
const FAILOVER: u32 = 17;

impl Client {
    /// SQL connections would take a replication command for a syntax error.
    pub(crate) fn needs_replication(&self, command: &str) -> Result<()> {
        match self.kind() {
            ConnectionKind::Replication | ConnectionKind::Physical => Ok(()),
            ConnectionKind::Sql => Err(Error::config_hint(
                format!("{command} needs a connection for replication"),
                "Connect with ConnectionKind::Replication",
            )),
        }
    }
}
