//! `ALTER_REPLICATION_SLOT`, `READ_REPLICATION_SLOT`, `DROP_REPLICATION_SLOT`.

use std::time::Duration;

use walscope_core::{Lsn, TimelineId};

use super::FAILOVER;
use crate::client::Client;
use crate::error::{Error, Result, require};
use crate::result_row::ResultRow;
use crate::sql::quote_ident;

/// The first server with `READ_REPLICATION_SLOT`.
const READ: u32 = 15;
/// The first server that can alter `two_phase`.
const ALTER_TWO_PHASE: u32 = 18;
/// How often a slot is looked at that is to be dropped when nobody uses it.
const LOOK: Duration = Duration::from_millis(100);

/// SQLSTATE "object in use".
const IN_USE: &str = "55006";

/// What is to become different about a logical slot. `None` leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotChanges {
    /// Whether it is copied to standby servers (PostgreSQL 17).
    pub failover: Option<bool>,
    /// Whether it decodes transactions when they are prepared (PostgreSQL 18).
    pub two_phase: Option<bool>,
}

/// Where a physical slot is, by `READ_REPLICATION_SLOT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotPosition {
    /// The oldest log that it holds back; `None`: it holds none.
    pub restart_lsn: Option<Lsn>,
    /// The timeline of that log.
    pub restart_timeline: Option<TimelineId>,
}

impl SlotChanges {
    fn sql(&self, major: u32, name: &str) -> Result<String> {
        let (failover, two_phase) = (self.failover, self.two_phase);
        require(failover.is_some(), major, FAILOVER, "option failover of a slot")?;
        require(
            two_phase.is_some(),
            major,
            ALTER_TWO_PHASE,
            "option two-phase of ALTER_REPLICATION_SLOT",
        )?;
        let options: Vec<_> = [("FAILOVER", failover), ("TWO_PHASE", two_phase)]
            .into_iter()
            .filter_map(|(option, value)| value.map(|value| format!("{option} {value}")))
            .collect();
        if options.is_empty() {
            return Err(Error::config_hint(
                format!("nothing is to change about slot \"{name}\""),
                "Name failover or two-phase",
            ));
        }
        Ok(format!("ALTER_REPLICATION_SLOT {} ({})", quote_ident(name), options.join(", ")))
    }
}

impl Client {
    /// Alters a logical slot that nobody uses. Needs a connection for replication.
    ///
    /// # Errors
    ///
    /// What the server's version does not have is refused before anything is sent.
    pub async fn alter_slot(&mut self, name: &str, changes: &SlotChanges) -> Result<()> {
        self.needs_replication("ALTER_REPLICATION_SLOT")?;
        let sql = changes.sql(self.server_major(), name)?;
        self.simple_query(&sql).await.map(|_| ())
    }

    /// Where a physical slot is; `None`: there is no slot of this name. Needs a connection for
    /// replication, and PostgreSQL 15.
    ///
    /// # Errors
    ///
    /// A logical slot: [`Client::slot_info`] has what is known about both kinds.
    pub async fn read_slot(&mut self, name: &str) -> Result<Option<SlotPosition>> {
        const COMMAND: &str = "READ_REPLICATION_SLOT";
        self.needs_replication(COMMAND)?;
        let major = self.server_major();
        if major < READ {
            return Err(Error::Unsupported {
                problem: format!("PostgreSQL {major} does not have the command {COMMAND}"),
                hint: Some(format!(
                    "Use PostgreSQL {READ} or newer, or slot_info (walscope slot list), which has \
                     the position without its timeline"
                )),
            });
        }
        let result = self.one_result(&format!("{COMMAND} {}", quote_ident(name))).await?;
        let row = ResultRow { result: &result, row: 0 };
        // A row of NULLs stands for no slot.
        if row.text("slot_type").is_none() {
            return Ok(None);
        }
        Ok(Some(SlotPosition {
            restart_lsn: row.optional("restart_lsn")?,
            restart_timeline: row.optional("restart_tli")?.map(TimelineId),
        }))
    }

    /// Drops a slot, with `wait` as soon as nobody uses it. Needs a connection for replication.
    ///
    /// When this future is dropped, nothing waits any more, and the slot stays.
    ///
    /// # Errors
    ///
    /// There is no such slot; without `wait`, somebody uses it: SQLSTATE 55006, and the hint names
    /// the server process.
    pub async fn drop_slot(&mut self, name: &str, wait: bool) -> Result<()> {
        self.needs_replication("DROP_REPLICATION_SLOT")?;
        // The command's own WAIT is not cancelled when its client goes: the server would drop the
        // slot at any later time.
        loop {
            match self.simple_query(&drop_sql(name)).await {
                Err(Error::Server(error)) if wait && error.code == IN_USE => {
                    self.wait_until_unused(name).await?;
                }
                dropped => return dropped.map(|_| ()),
            }
        }
    }

    async fn wait_until_unused(&mut self, name: &str) -> Result<()> {
        while self.slot_info(name).await?.is_some_and(|slot| slot.active) {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

fn drop_sql(name: &str) -> String {
    format!("DROP_REPLICATION_SLOT {}", quote_ident(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_altered_where_the_server_can() {
        let sql = |failover, two_phase, major| {
            let changes = SlotChanges { failover, two_phase };
            changes.sql(major, "s").unwrap_or_else(|error| error.to_string())
        };
        for (failover, two_phase, major, expected) in [
            (Some(true), None, 17, "ALTER_REPLICATION_SLOT \"s\" (FAILOVER true)"),
            (
                Some(false),
                Some(true),
                18,
                "ALTER_REPLICATION_SLOT \"s\" (FAILOVER false, TWO_PHASE true)",
            ),
            (Some(true), None, 16, "PostgreSQL 16 does not have the option failover of a slot"),
            (
                Some(true),
                Some(true),
                17,
                "PostgreSQL 17 does not have the option two-phase of ALTER_REPLICATION_SLOT",
            ),
            (None, None, 18, "nothing is to change about slot \"s\""),
        ] {
            assert_eq!(sql(failover, two_phase, major), expected);
        }
    }

    #[test]
    fn slots_are_dropped_by_quoted_names() {
        assert_eq!(drop_sql("a\"b"), "DROP_REPLICATION_SLOT \"a\"\"b\"");
    }
}
