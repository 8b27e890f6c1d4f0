//! `CREATE_REPLICATION_SLOT`, and the snapshots that come of it.

use walscope_core::Lsn;

use super::{FAILOVER, OPTION_LIST};
use crate::client::Client;
use crate::error::{Error, Result, require};
use crate::result_row::ResultRow;
use crate::sql::{quote_ident, quote_literal};

const COMMAND: &str = "CREATE_REPLICATION_SLOT";
/// The first server that ends transactions after a time, idle or not.
const TRANSACTION_TIMEOUT: u32 = 17;

/// A logical slot that is to be created.
///
/// ```
/// use walscope::LogicalSlot;
/// let slot = LogicalSlot { two_phase: true, ..LogicalSlot::new("app", "pgoutput") };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogicalSlot {
    /// Its name: lower-case letters, digits and underscores, at most 63.
    pub name: String,
    /// Its output plugin.
    pub plugin: String,
    /// Whether it ends with the connection, or with the first error there.
    pub temporary: bool,
    /// Whether it decodes transactions when they are prepared.
    pub two_phase: bool,
    /// Whether it is copied to standby servers, so that a consumer can go on there (PostgreSQL 17).
    pub failover: bool,
}

/// A physical slot that is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhysicalSlot {
    /// Its name: lower-case letters, digits and underscores, at most 63.
    pub name: String,
    /// Whether it ends with the connection, or with the first error there.
    pub temporary: bool,
    /// Whether it holds the log back from now on, and not only from its first use.
    pub reserve_wal: bool,
}

/// A logical slot that was just created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedSlot {
    /// Its name.
    pub name: String,
    /// From where on it has every change.
    pub consistent_point: Lsn,
    /// Its output plugin.
    pub plugin: String,
}

/// A snapshot of the database at a slot's consistent point: it shows the changes that the slot will
/// not send, and no others.
///
/// PostgreSQL keeps it until the connection that exported it runs its next command or ends. This
/// value borrows the client, so that nothing can be run there by mistake. Transactions that took the
/// snapshot before keep it.
#[derive(Debug)]
pub struct ExportedSnapshot<'a> {
    name: String,
    client: &'a mut Client,
}

/// What becomes of the snapshot that a slot is created in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snapshot {
    Nothing,
    Export,
    Use,
}

impl LogicalSlot {
    /// A slot that is neither temporary nor anything else.
    pub fn new(name: impl Into<String>, plugin: impl Into<String>) -> Self {
        let (name, plugin) = (name.into(), plugin.into());
        Self { name, plugin, temporary: false, two_phase: false, failover: false }
    }

    fn sql(&self, major: u32, snapshot: Snapshot) -> Result<String> {
        require(self.failover, major, FAILOVER, "option failover of a slot")?;
        if self.failover && self.temporary {
            return Err(Error::config_hint(
                "a temporary slot cannot have failover",
                "Leave one of them out: a temporary slot ends with its connection",
            ));
        }
        if self.two_phase && major < OPTION_LIST {
            return self.two_phase_sql(major, snapshot);
        }
        Ok(format!(
            "{COMMAND} {}{} LOGICAL {} {}",
            quote_ident(&self.name),
            if self.temporary { " TEMPORARY" } else { "" },
            quote_ident(&self.plugin),
            self.options(major, snapshot)
        ))
    }

    fn options(&self, major: u32, snapshot: Snapshot) -> String {
        if major < OPTION_LIST {
            let word = match snapshot {
                Snapshot::Nothing => "NOEXPORT_SNAPSHOT",
                Snapshot::Export => "EXPORT_SNAPSHOT",
                Snapshot::Use => "USE_SNAPSHOT",
            };
            return word.to_string();
        }
        let mut options = match snapshot {
            Snapshot::Nothing => "SNAPSHOT 'nothing'",
            Snapshot::Export => "SNAPSHOT 'export'",
            Snapshot::Use => "SNAPSHOT 'use'",
        }
        .to_string();
        for (wanted, option) in [(self.two_phase, "TWO_PHASE"), (self.failover, "FAILOVER")] {
            if wanted {
                options.push_str(&format!(", {option} true"));
            }
        }
        format!("({options})")
    }

    /// PostgreSQL 14 has two-phase slots, but its command cannot make them; its function can, without
    /// a snapshot.
    fn two_phase_sql(&self, major: u32, snapshot: Snapshot) -> Result<String> {
        let with_snapshot = snapshot != Snapshot::Nothing;
        require(with_snapshot, major, OPTION_LIST, "snapshot of a slot with two-phase")?;
        let plugin = quote_literal(&self.plugin);
        Ok(format!(
            "SELECT slot_name, lsn AS consistent_point, {plugin} AS output_plugin \
             FROM pg_catalog.pg_create_logical_replication_slot({}, {plugin}, {}, true)",
            quote_literal(&self.name),
            self.temporary
        ))
    }
}

impl PhysicalSlot {
    /// A slot that is not temporary and reserves nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), temporary: false, reserve_wal: false }
    }

    fn sql(&self, major: u32) -> String {
        let options = match (self.reserve_wal, major) {
            (false, _) => "",
            (true, ..OPTION_LIST) => " RESERVE_WAL",
            (true, _) => " (RESERVE_WAL true)",
        };
        let temporary = if self.temporary { " TEMPORARY" } else { "" };
        format!("{COMMAND} {}{temporary} PHYSICAL{options}", quote_ident(&self.name))
    }
}

impl Client {
    /// Creates a logical slot. Needs a connection for replication.
    ///
    /// The server waits until all transactions have ended that are under way. When this future is
    /// dropped meanwhile, the slot may come into being all the same.
    ///
    /// # Errors
    ///
    /// What the server's version does not have is refused before anything is sent.
    pub async fn create_logical_slot(&mut self, slot: &LogicalSlot) -> Result<CreatedSlot> {
        self.create(slot, Snapshot::Nothing).await.map(|(created, _)| created)
    }

    /// The same, and exports the snapshot of the slot's consistent point: whoever copies tables in
    /// it, and then streams from the slot, has everything once.
    ///
    /// The server's time limits for idle and long transactions are switched off on this connection,
    /// for they would end the snapshot while others still read in it.
    ///
    /// ```no_run
    /// # async fn run(config: walscope::Config) -> walscope::Result<()> {
    /// use walscope::{Client, ConnectionKind, LogicalSlot};
    /// let mut client = Client::connect(&config, ConnectionKind::Replication).await?;
    /// let slot = LogicalSlot::new("app", "pgoutput");
    /// let (created, snapshot) = client.create_slot_exporting_snapshot(&slot).await?;
    /// let mut reader = Client::connect(&config, ConnectionKind::Sql).await?;
    /// reader.simple_query(&snapshot.begin_sql()).await?;
    /// let users = reader.simple_query("SELECT * FROM public.users").await?;
    /// snapshot.release().await?;
    /// println!("{users:?} at {}", created.consistent_point);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Client::create_logical_slot`]. PostgreSQL 14 exports no snapshot of a two-phase slot.
    pub async fn create_slot_exporting_snapshot(
        &mut self,
        slot: &LogicalSlot,
    ) -> Result<(CreatedSlot, ExportedSnapshot<'_>)> {
        let (created, name) = self.create(slot, Snapshot::Export).await?;
        let name = name.ok_or_else(|| Error::protocol("the server exported no snapshot"))?;
        Ok((created, ExportedSnapshot { name, client: self }))
    }

    /// The same, and leaves the connection in a transaction that reads in the snapshot of the slot's
    /// consistent point. `COMMIT` or `ROLLBACK` ends it.
    ///
    /// # Errors
    ///
    /// As for [`Client::create_logical_slot`]; a connection that is in a transaction already, which
    /// is then aborted. PostgreSQL 14 uses no snapshot of a two-phase slot.
    pub async fn create_slot_using_snapshot(&mut self, slot: &LogicalSlot) -> Result<CreatedSlot> {
        let created = self.create(slot, Snapshot::Use).await;
        if matches!(created, Err(Error::Server(_))) {
            self.simple_query("ROLLBACK").await?;
        }
        created.map(|(created, _)| created)
    }

    /// Creates a physical slot. Needs a connection for replication.
    pub async fn create_physical_slot(&mut self, slot: &PhysicalSlot) -> Result<()> {
        self.needs_replication(COMMAND)?;
        self.simple_query(&slot.sql(self.server_major())).await.map(|_| ())
    }

    async fn create(
        &mut self,
        slot: &LogicalSlot,
        snapshot: Snapshot,
    ) -> Result<(CreatedSlot, Option<String>)> {
        self.needs_replication(COMMAND)?;
        let sql = slot.sql(self.server_major(), snapshot)?;
        let before = match snapshot {
            Snapshot::Nothing => "",
            Snapshot::Export => no_time_limits(self.server_major()),
            Snapshot::Use => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        if !before.is_empty() {
            self.simple_query(before).await?;
        }
        let result = self.one_result(&sql).await?;
        let row = ResultRow { result: &result, row: 0 };
        let created = CreatedSlot {
            name: row.parsed("slot_name")?,
            consistent_point: row.parsed("consistent_point")?,
            plugin: row.parsed("output_plugin")?,
        };
        Ok((created, row.text("snapshot_name")))
    }
}

/// A snapshot is exported from within a transaction, which stays open and idle.
fn no_time_limits(major: u32) -> &'static str {
    if major < TRANSACTION_TIMEOUT {
        "SET idle_in_transaction_session_timeout = 0"
    } else {
        "SET idle_in_transaction_session_timeout = 0; SET transaction_timeout = 0"
    }
}

impl ExportedSnapshot<'_> {
    /// Its name, for `SET TRANSACTION SNAPSHOT` in any session of the same database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SQL that begins a transaction which reads in the snapshot.
    pub fn begin_sql(&self) -> String {
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}",
            quote_literal(&self.name)
        )
    }

    /// Tells the server that nobody will take the snapshot any more, so that it need not keep old
    /// rows for it.
    pub async fn release(self) -> Result<()> {
        // Any command ends it.
        self.client.simple_query("SELECT").await.map(|_| ())
    }

    /// Gives up the hold on the client. The snapshot is there until the client runs its next command
    /// or ends.
    pub fn into_name(self) -> String {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(slot: &LogicalSlot, major: u32, snapshot: Snapshot) -> String {
        slot.sql(major, snapshot).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn logical_slots_are_created_in_the_servers_syntax() {
        let plain = LogicalSlot::new("s", "pgoutput");
        let all = LogicalSlot { two_phase: true, failover: true, ..plain.clone() };
        let temporary = LogicalSlot { temporary: true, ..LogicalSlot::new("a\"b", "c d") };
        for (slot, major, snapshot, expected) in [
            (&plain, 14, Snapshot::Nothing, "\"s\" LOGICAL \"pgoutput\" NOEXPORT_SNAPSHOT"),
            (&plain, 14, Snapshot::Export, "\"s\" LOGICAL \"pgoutput\" EXPORT_SNAPSHOT"),
            (&plain, 14, Snapshot::Use, "\"s\" LOGICAL \"pgoutput\" USE_SNAPSHOT"),
            (&plain, 15, Snapshot::Nothing, "\"s\" LOGICAL \"pgoutput\" (SNAPSHOT 'nothing')"),
            (&plain, 18, Snapshot::Export, "\"s\" LOGICAL \"pgoutput\" (SNAPSHOT 'export')"),
            (
                &all,
                17,
                Snapshot::Use,
                "\"s\" LOGICAL \"pgoutput\" (SNAPSHOT 'use', TWO_PHASE true, FAILOVER true)",
            ),
            (
                &temporary,
                15,
                Snapshot::Nothing,
                "\"a\"\"b\" TEMPORARY LOGICAL \"c d\" (SNAPSHOT 'nothing')",
            ),
        ] {
            assert_eq!(sql(slot, major, snapshot), format!("CREATE_REPLICATION_SLOT {expected}"));
        }
    }

    #[test]
    fn two_phase_slots_of_postgresql_14_are_made_by_its_function() {
        let slot = LogicalSlot { two_phase: true, ..LogicalSlot::new("it's", "p") };
        assert_eq!(
            sql(&slot, 14, Snapshot::Nothing),
            "SELECT slot_name, lsn AS consistent_point, 'p' AS output_plugin FROM \
             pg_catalog.pg_create_logical_replication_slot('it''s', 'p', false, true)"
        );
        assert_eq!(
            sql(&slot, 14, Snapshot::Export),
            "PostgreSQL 14 does not have the snapshot of a slot with two-phase"
        );
        assert!(sql(&slot, 15, Snapshot::Export).contains("TWO_PHASE true"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let failover = LogicalSlot { failover: true, ..LogicalSlot::new("s", "p") };
        let refused = failover.sql(16, Snapshot::Nothing).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "PostgreSQL 16 does not have the option failover of a slot"
        );
        assert_eq!(refused.hint().unwrap(), "Leave it out, or use PostgreSQL 17 or newer");
        let fleeting = LogicalSlot { temporary: true, ..failover };
        assert!(sql(&fleeting, 18, Snapshot::Nothing).contains("temporary"));
    }

    #[test]
    fn physical_slots_are_created_in_the_servers_syntax() {
        let plain = PhysicalSlot::new("s");
        let reserve = PhysicalSlot { reserve_wal: true, ..plain.clone() };
        let temporary = PhysicalSlot { temporary: true, ..reserve.clone() };
        for (slot, major, expected) in [
            (&plain, 14, "\"s\" PHYSICAL"),
            (&plain, 18, "\"s\" PHYSICAL"),
            (&reserve, 14, "\"s\" PHYSICAL RESERVE_WAL"),
            (&reserve, 15, "\"s\" PHYSICAL (RESERVE_WAL true)"),
            (&temporary, 17, "\"s\" TEMPORARY PHYSICAL (RESERVE_WAL true)"),
        ] {
            assert_eq!(slot.sql(major), format!("CREATE_REPLICATION_SLOT {expected}"));
        }
    }
}
