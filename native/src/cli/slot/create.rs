//! `walscope slot create`.

use clap::Args;
use serde::Serialize;

use super::{ServerArgument, print, print_json};
use crate::cli::signals::Signals;
use crate::cli::{Failure, say};
use crate::{Client, ConnectionKind, CreatedSlot, LogicalSlot, PhysicalSlot, SlotInfo};

/// SQLSTATE "duplicate object".
const EXISTS: &str = "42710";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: ServerArgument,
    /// The slot's name: lower-case letters, digits, underscores
    #[arg(long)]
    slot: String,
    /// The output plugin
    #[arg(long, value_name = "NAME", default_value = "pgoutput")]
    plugin: String,
    /// Decode transactions when they are prepared
    #[arg(long)]
    two_phase: bool,
    /// Have the slot copied to standby servers (PostgreSQL 17)
    #[arg(long)]
    failover: bool,
    /// Export a snapshot for copying tables; it is there until this is interrupted
    #[arg(long, conflicts_with = "if_not_exists")]
    export_snapshot: bool,
    /// A physical slot
    #[arg(long, conflicts_with_all = ["plugin", "two_phase", "failover", "export_snapshot"])]
    physical: bool,
    /// Hold the log back from now on, and not only from the slot's first use
    #[arg(long, requires = "physical")]
    reserve_wal: bool,
    /// Do nothing if there is such a slot already
    #[arg(long)]
    if_not_exists: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    slot: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a str>,
    created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_point: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<&'a str>,
}

pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut client = arguments.server.connect(ConnectionKind::Replication).await?;
    let result = arguments.create(&mut client).await;
    client.close().await;
    result
}

impl Arguments {
    async fn create(&self, client: &mut Client) -> Result<(), Failure> {
        if self.export_snapshot {
            return self.export(client).await;
        }
        let created = if self.physical {
            let slot = PhysicalSlot {
                reserve_wal: self.reserve_wal,
                ..PhysicalSlot::new(self.slot.as_str())
            };
            client.create_physical_slot(&slot).await.map(|()| None)
        } else {
            client.create_logical_slot(&self.logical()).await.map(Some)
        };
        match created {
            Ok(created) => self.print(true, created.as_ref(), None),
            Err(error) if self.if_not_exists && error.code() == EXISTS => self.found(client).await,
            Err(error) => Err(error.into()),
        }
    }

    fn logical(&self) -> LogicalSlot {
        LogicalSlot {
            two_phase: self.two_phase,
            failover: self.failover,
            ..LogicalSlot::new(self.slot.as_str(), self.plugin.as_str())
        }
    }

    async fn export(&self, client: &mut Client) -> Result<(), Failure> {
        let mut signals = Signals::catch()
            .map_err(|error| Failure::new(format!("cannot catch signals: {error}")))?;
        let slot = self.logical();
        let (created, snapshot) = tokio::select! {
            created = client.create_slot_exporting_snapshot(&slot) => created?,
            () = signals.wait() => return Err(Failure::new("interrupted: no slot was created")),
        };
        self.print(true, Some(&created), Some(snapshot.name()))?;
        say("walscope: the snapshot is there until this is interrupted");
        signals.wait().await;
        Ok(snapshot.release().await?)
    }

    /// The slot was there: is it what was asked for?
    async fn found(&self, client: &mut Client) -> Result<(), Failure> {
        let database = client.identify_system().await?.dbname;
        // It may have gone meanwhile; then there is nothing to complain about that would last.
        let found = client.slot_info(&self.slot).await?;
        match found.and_then(|slot| self.difference(&slot, database.as_deref())) {
            Some(difference) => Err(Failure::with_hint(
                format!("slot \"{}\" is there already, but {difference}", self.slot),
                "Use another name, or drop it first",
            )),
            None => self.print(false, None, None),
        }
    }

    fn difference(&self, slot: &SlotInfo, database: Option<&str>) -> Option<String> {
        let without = |wanted: bool, has: bool, what: &str| {
            (wanted && !has).then(|| format!("without {what}"))
        };
        match slot.plugin.as_deref() {
            None if self.physical => without(self.reserve_wal, slot.restart_lsn.is_some(), "WAL"),
            None => Some("it is a physical one".to_string()),
            Some(_) if self.physical => Some("it is a logical one".to_string()),
            Some(plugin) if plugin != self.plugin => Some(format!("it uses the plugin {plugin}")),
            Some(_) if slot.database.as_deref() != database => {
                let other = slot.database.as_deref().unwrap_or_default();
                Some(format!("it belongs to the database \"{other}\""))
            }
            Some(_) => without(self.two_phase, slot.two_phase, "two-phase")
                .or_else(|| without(self.failover, slot.failover, "failover")),
        }
    }

    fn print(
        &self,
        created: bool,
        slot: Option<&CreatedSlot>,
        snapshot: Option<&str>,
    ) -> Result<(), Failure> {
        if self.json {
            return print_json(&Line {
                slot: &self.slot,
                r#type: if self.physical { "physical" } else { "logical" },
                plugin: (!self.physical).then_some(self.plugin.as_str()),
                created,
                consistent_point: slot.map(|slot| slot.consistent_point.to_string()),
                snapshot,
            });
        }
        let mut text = match (created, slot) {
            (false, _) => format!("slot \"{}\" is there already\n", self.slot),
            (true, None) => format!("created slot \"{}\"\n", self.slot),
            (true, Some(slot)) => {
                format!("created slot \"{}\" at {}\n", self.slot, slot.consistent_point)
            }
        };
        if let Some(snapshot) = snapshot {
            text.push_str(&format!("exported snapshot {snapshot}\n"));
        }
        print(&text)
    }
}
