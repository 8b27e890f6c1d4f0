//! One task reads, another works and confirms; Ctrl-C ends both, and what is in hand is finished.
//!
//! ```sh
//! cargo run --example producer_consumer -- postgres://localhost/app app app_pub
//! ```

use std::error::Error;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use walscope::{Acknowledge, Changes, Config, Stream, StreamControl, StreamOptions};
use walscope_core::Lsn;
use walscope_core::pgoutput::Message;

/// How much may wait between the two. When it is full the reader waits, and at last the server.
const QUEUE: usize = 1000;

/// What the reader hands over. It owns its data: a change borrows from the stream.
enum Work {
    /// A row of a table.
    Row(String),
    /// The end of a transaction: whoever has it, has all of it.
    End(Lsn),
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication] = arguments.as_slice() else {
        return Err("usage: producer_consumer CONNINFO SLOT PUBLICATION".into());
    };
    // What reads ahead of the work must not confirm by asking.
    let options = StreamOptions {
        create_slot: true,
        acknowledge: Acknowledge::Manual,
        ..StreamOptions::new(slot, [publication])
    };
    let changes = Stream::open(&Config::parse(conninfo)?, options).await?.changes()?;
    let control = changes.control().clone();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let token = CancellationToken::new();

    let producer = tokio::spawn(produce(changes, sender, token.clone()));
    let consumer = tokio::spawn(consume(receiver, control));
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
    });

    // The consumer ends when the queue is empty and the reader is gone, and then all that it has is
    // confirmed. The stream is closed after that, so that the server is told.
    let mut changes = producer.await??;
    consumer.await??;
    changes.close().await?;
    Ok(())
}

/// Reads until the token says stop or nobody takes the work any more, and hands the stream back.
async fn produce(
    mut changes: Changes,
    sender: mpsc::Sender<Work>,
    token: CancellationToken,
) -> Result<Changes, Failure> {
    while let Some(change) = tokio::select! {
        change = changes.next() => change?,
        () = token.cancelled() => None,
    } {
        let work = match (change.message(), change.relation()) {
            (Message::Commit(commit), _) => Work::End(commit.end_lsn),
            (Message::Insert(_), Some(table)) => Work::Row(table.name.to_string()),
            _ => continue,
        };
        if sender.send(work).await.is_err() {
            break;
        }
    }
    Ok(changes)
}

/// Works, and confirms a transaction when its work is done.
async fn consume(
    mut receiver: mpsc::Receiver<Work>,
    control: StreamControl,
) -> Result<(), Failure> {
    let mut rows = 0;
    while let Some(work) = receiver.recv().await {
        match work {
            Work::Row(_table) => rows += 1,
            Work::End(lsn) => {
                println!("{rows} rows, confirmed up to {}", control.acknowledge(lsn, None)?);
            }
        }
    }
    Ok(())
}
