//! What a client does beside streaming. A command and its answer cross as JSON: they are few and small.

use serde::Deserialize;
use serde_json::{Value, json};
use walscope::{
    Client, Config, ConnectionKind, LogicalSlot, PhysicalSlot, Result, SlotChanges, System,
};

use crate::publications::{ChangeFields, PublicationFields};
use crate::slots;
use crate::sql_connection::SqlConnection;

/// SQLSTATE "undefined object".
const MISSING: &str = "42704";

#[derive(Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Command {
    IdentifySystem,
    Slots,
    Slot { name: String },
    CreateSlot(SlotFields),
    CreatePhysicalSlot { name: String, reserve_wal: Option<bool> },
    AlterSlot { name: String, failover: Option<bool>, two_phase: Option<bool> },
    ReadSlot { name: String },
    DropSlot { name: String, wait: Option<bool>, if_exists: Option<bool> },
    Publications,
    PublishedTables { name: String },
    CreatePublication(PublicationFields),
    AlterPublication { name: String, change: ChangeFields },
    DropPublication { name: String, if_exists: Option<bool> },
}

/// A logical slot that is to be created.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlotFields {
    name: String,
    plugin: Option<String>,
    two_phase: Option<bool>,
    failover: Option<bool>,
}

impl SlotFields {
    pub(crate) fn build(self) -> LogicalSlot {
        LogicalSlot {
            two_phase: self.two_phase.unwrap_or_default(),
            failover: self.failover.unwrap_or_default(),
            ..LogicalSlot::new(self.name, self.plugin.as_deref().unwrap_or("pgoutput"))
        }
    }
}

impl Command {
    pub(crate) async fn run(self, config: &Config, sql: &SqlConnection) -> Result<Value> {
        match self {
            Self::Slots => {
                let slots = sql.get(config).await?.slots().await?;
                Ok(slots.iter().map(slots::info).collect())
            }
            Self::Slot { name } => {
                let slot = sql.get(config).await?.slot_info(&name).await?;
                Ok(slot.as_ref().map_or(Value::Null, slots::info))
            }
            Self::Publications => {
                let publications = sql.get(config).await?.publications().await?;
                Ok(publications.iter().map(crate::publications::info).collect())
            }
            Self::PublishedTables { name } => {
                let tables = sql.get(config).await?.published_tables(&name).await?;
                Ok(tables.iter().map(crate::publications::table).collect())
            }
            Self::CreatePublication(fields) => {
                sql.get(config).await?.create_publication(&fields.build()).await?;
                Ok(Value::Null)
            }
            Self::AlterPublication { name, change } => {
                sql.get(config).await?.alter_publication(&name, &change.build()).await?;
                Ok(Value::Null)
            }
            Self::DropPublication { name, if_exists } => {
                let if_exists = if_exists.unwrap_or_default();
                sql.get(config).await?.drop_publication(&name, if_exists).await?;
                Ok(Value::Null)
            }
            of_replication => {
                let mut client = Client::connect(config, ConnectionKind::Replication).await?;
                let answer = of_replication.run_on(&mut client).await;
                client.close().await;
                answer
            }
        }
    }

    /// Runs what the server takes on a connection for replication only.
    async fn run_on(self, client: &mut Client) -> Result<Value> {
        match self {
            Self::IdentifySystem => client.identify_system().await.map(|system| identity(&system)),
            Self::CreateSlot(fields) => {
                client.create_logical_slot(&fields.build()).await.map(|slot| slots::created(&slot))
            }
            Self::CreatePhysicalSlot { name, reserve_wal } => {
                let reserve_wal = reserve_wal.unwrap_or_default();
                let slot = PhysicalSlot { reserve_wal, ..PhysicalSlot::new(name) };
                client.create_physical_slot(&slot).await.map(|()| Value::Null)
            }
            Self::AlterSlot { name, failover, two_phase } => {
                let changes = SlotChanges { failover, two_phase };
                client.alter_slot(&name, &changes).await.map(|()| Value::Null)
            }
            Self::ReadSlot { name } => {
                let position = client.read_slot(&name).await?;
                Ok(position.as_ref().map_or(Value::Null, slots::position))
            }
            Self::DropSlot { name, wait, if_exists } => {
                match client.drop_slot(&name, wait.unwrap_or_default()).await {
                    Err(error) if if_exists == Some(true) && error.code() == MISSING => {
                        Ok(Value::Bool(false))
                    }
                    dropped => dropped.map(|()| Value::Bool(true)),
                }
            }
            _ => Ok(Value::Null),
        }
    }
}

fn identity(system: &System) -> Value {
    json!({
        // It has 64 bits, more than a number in JavaScript.
        "systemId": system.system_id.to_string(),
        "timeline": system.timeline.0,
        "flushedLsn": system.flushed.to_string(),
        "database": system.dbname,
    })
}
