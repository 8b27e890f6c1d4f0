//! pg_walstream by the loop of its documentation and its load test: an event at a time, each confirmed.
//! The token is never cancelled; a slot of ours is there already.

use pg_walstream::{
    CancellationToken, ColumnValue, EventType, LogicalReplicationStream, ReplicationStreamConfig,
    RowData,
};

use super::{HOST, Job, Outcome};
use crate::tally::Tally;

#[tokio::main]
pub async fn run(job: &Job, tally: &mut Tally) -> Outcome {
    let url = format!(
        "postgresql://{}:{}@{HOST}:{}/{}?replication=database&sslmode={}",
        job.user,
        job.password,
        job.port,
        job.database,
        job.sslmode()
    );
    let config = ReplicationStreamConfig::builder(&job.slot, &job.publication)
        .with_existing_slot_required(true)
        .with_binary(job.binary);
    let mut stream = LogicalReplicationStream::new(&url, config).await?;
    stream.start(None).await?;
    let mut events = stream.into_stream(CancellationToken::new());
    loop {
        let event = events.next_event().await?;
        let mut committed = false;
        match &event.event_type {
            EventType::Insert { data, .. } => {
                row(data, tally);
                tally.changed();
            }
            EventType::Update { old_data, new_data, .. } => {
                if let Some(old) = old_data {
                    row(old, tally);
                }
                row(new_data, tally);
                tally.changed();
            }
            EventType::Delete { old_data, .. } => {
                row(old_data, tally);
                tally.changed();
            }
            EventType::Commit { .. } => committed = true,
            _ => {}
        }
        events.update_applied_lsn(event.lsn);
        if committed && tally.ended() {
            break;
        }
    }
    Ok(events.shutdown().await?)
}

#[inline]
fn row(data: &RowData, tally: &mut Tally) {
    tally.row();
    for (_, value) in data.iter() {
        match value {
            ColumnValue::Text(bytes) => tally.column(bytes, false),
            ColumnValue::Binary(bytes) => tally.column(bytes, true),
            ColumnValue::Null => {}
        }
    }
}
