//! pgwire-replication by the loop of its documentation: commits are confirmed. It hands out messages of
//! pgoutput as bytes; walscope's decoder, the cheapest there is, reads them.

use std::time::Duration;

use pgwire_replication::{Lsn, ReplicationClient, ReplicationConfig, ReplicationEvent, TlsConfig};
use walscope_core::pgoutput::Decoder;

use super::{HOST, Job, Outcome};
use crate::tally::Tally;

/// Its default is ten seconds, in which it would confirm nothing here.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

#[tokio::main]
pub async fn run(job: &Job, tally: &mut Tally) -> Outcome {
    let tls = if job.tls { TlsConfig::require() } else { TlsConfig::disabled() };
    let config = ReplicationConfig::new(
        HOST,
        &job.user,
        &job.password,
        &job.database,
        &job.slot,
        job.publication.as_str(),
    )
    .with_port(job.port)
    .with_tls(tls)
    .with_start_lsn(Lsn::ZERO)
    .with_status_interval(STATUS_INTERVAL)
    .with_binary(job.binary);
    let mut client = ReplicationClient::connect(config).await?;
    let mut decoder = Decoder::default();
    while let Some(event) = client.recv().await? {
        match event {
            ReplicationEvent::XLogData { data, .. } => tally.message(&decoder.decode(&data)?),
            ReplicationEvent::Commit { end_lsn, .. } => {
                client.update_applied_lsn(end_lsn);
                if tally.ended() {
                    break;
                }
            }
            _ => {}
        }
    }
    Ok(client.shutdown().await?)
}
