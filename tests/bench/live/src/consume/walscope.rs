//! walscope, as its documentation says: on a runtime of one thread.

use walscope::{Config, Stream, StreamOptions};
use walscope_core::capture::Entry;
use walscope_core::pgoutput::{Decoder, Message};

use super::{HOST, Job, Outcome};
use crate::tally::Tally;

async fn open(job: &Job) -> walscope::Result<Stream> {
    let conninfo = format!(
        "host={HOST} port={} user={} password={} dbname={} sslmode={}",
        job.port,
        job.user,
        job.password,
        job.database,
        job.sslmode()
    );
    let options =
        StreamOptions { binary: job.binary, ..StreamOptions::new(&job.slot, [&job.publication]) };
    Stream::open(&Config::parse(&conninfo)?, options).await
}

/// Whole batches, each message decoded in place. Asking for a batch confirms the one before.
#[tokio::main(flavor = "current_thread")]
pub async fn batches(job: &Job, tally: &mut Tally) -> Outcome {
    let mut stream = open(job).await?;
    let mut decoder = Decoder::default();
    while let Some(batch) = stream.next_batch().await? {
        for entry in batch.entries() {
            if let Entry::Data(data) = entry? {
                tally.message(&decoder.decode(data.data)?);
            }
        }
        if tally.ended() {
            stream.control().confirm_items(batch.items());
            break;
        }
    }
    Ok(stream.close().await?)
}

/// Changes, each with its table and its transaction. Asking for what follows a commit confirms it.
#[tokio::main(flavor = "current_thread")]
pub async fn changes(job: &Job, tally: &mut Tally) -> Outcome {
    let mut changes = open(job).await?.changes()?;
    while let Some(change) = changes.next().await? {
        tally.message(change.message());
        if let Message::Commit(commit) = change.message()
            && tally.ended()
        {
            let end = commit.end_lsn;
            changes.acknowledge(end)?;
            break;
        }
    }
    Ok(changes.close().await?)
}
