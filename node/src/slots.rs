//! Slots as JavaScript sees them, and the snapshot that one is created with.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use walscope::{Client, CreatedSlot, SlotInfo, SlotPosition};
use walscope_core::Lsn;

/// A row of `pg_replication_slots`, under the names that the command line prints.
pub(crate) fn info(slot: &SlotInfo) -> Value {
    json!({
        "slot": slot.name,
        "type": slot.slot_type,
        "plugin": slot.plugin,
        "database": slot.database,
        "temporary": slot.temporary,
        "active": slot.active,
        "activePid": slot.active_pid,
        "inactiveSince": slot.inactive_since.map(|time| time.to_string()),
        "walStatus": slot.wal_status,
        "lost": slot.why_lost(),
        "invalidationReason": slot.invalidation_reason,
        "conflicting": slot.conflicting,
        "safeWalSize": slot.safe_wal_size,
        "lagBytes": slot.lag_bytes,
        "retainedBytes": slot.retained_bytes,
        "restartLsn": lsn(slot.restart_lsn),
        "confirmedFlushLsn": lsn(slot.confirmed_flush_lsn),
        "xmin": slot.xmin.map(|xid| xid.0),
        "catalogXmin": slot.catalog_xmin.map(|xid| xid.0),
        "twoPhase": slot.two_phase,
        "twoPhaseAt": lsn(slot.two_phase_at),
        "failover": slot.failover,
        "synced": slot.synced,
    })
}

pub(crate) fn created(slot: &CreatedSlot) -> Value {
    json!({
        "slot": slot.name,
        "plugin": slot.plugin,
        "consistentPoint": slot.consistent_point.to_string(),
    })
}

pub(crate) fn position(position: &SlotPosition) -> Value {
    json!({
        "restartLsn": lsn(position.restart_lsn),
        "restartTimeline": position.restart_timeline.map(|timeline| timeline.0),
    })
}

fn lsn(lsn: Option<Lsn>) -> Option<String> {
    lsn.map(|lsn| lsn.to_string())
}

/// A snapshot, there as long as the connection that exported it.
#[napi]
pub struct RawSnapshot {
    created: String,
    name: String,
    begin_sql: String,
    client: Arc<Mutex<Option<Client>>>,
}

impl RawSnapshot {
    pub(crate) fn new(
        created: &CreatedSlot,
        name: String,
        begin_sql: String,
        client: Client,
    ) -> Self {
        let created = self::created(created).to_string();
        Self { created, name, begin_sql, client: Arc::new(Mutex::new(Some(client))) }
    }
}

#[napi]
impl RawSnapshot {
    /// The slot, as JSON.
    #[napi(getter)]
    pub fn created(&self) -> String {
        self.created.clone()
    }

    /// The snapshot's name.
    #[napi(getter)]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// SQL that begins a transaction which reads in it.
    #[napi(getter)]
    pub fn begin_sql(&self) -> String {
        self.begin_sql.clone()
    }

    /// Ends the connection, and with it the snapshot.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn release<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let client = Arc::clone(&self.client);
        env.spawn_future(async move {
            let client = client.lock().await.take();
            if let Some(client) = client {
                client.close().await;
            }
            Ok(())
        })
    }
}
