//! Polls: takes what is there, works on it as a whole, confirms it, and sleeps.
//!
//! ```sh
//! cargo run --example polling -- postgres://localhost/app app app_pub 60
//! ```
//!
//! The last argument is the pause in seconds. The connection stays open meanwhile: feedback leaves on
//! its own timer, and the server stops sending when the buffer is full.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use walscope::{Acknowledge, Config, Result, Stream, StreamOptions, Transactions};
use walscope_core::Lsn;

/// A poll ends when nothing has come for so long...
const SILENCE: Duration = Duration::from_millis(200);
/// ... or when it has so many changes.
const MOST_CHANGES: usize = 10_000;

/// What a poll has found: how many changes of which table, and the last transaction's commit.
#[derive(Default)]
struct Poll {
    changes: BTreeMap<String, usize>,
    last: Option<Lsn>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication, pause] = arguments.as_slice() else {
        return Err("usage: polling CONNINFO SLOT PUBLICATION SECONDS".into());
    };
    let pause = Duration::from_secs_f64(pause.parse()?);
    // By hand: a poll is confirmed when it was worked on, not when the next one begins.
    let options = StreamOptions {
        create_slot: true,
        acknowledge: Acknowledge::Manual,
        ..StreamOptions::new(slot, [publication])
    };
    let stream = Stream::open(&Config::parse(conninfo)?, options).await?;
    let mut transactions = stream.transactions()?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    loop {
        let poll = poll(&mut transactions).await?;
        work(&poll);
        if let Some(commit) = poll.last {
            // Confirms the transaction that was committed there, and all before it.
            transactions.changes().acknowledge(commit)?;
        }
        tokio::select! {
            () = sleep(pause) => {}
            _ = &mut interrupt => break,
        }
    }
    transactions.changes().close().await?;
    Ok(())
}

/// Takes whole transactions as long as there are some.
async fn poll(transactions: &mut Transactions) -> Result<Poll> {
    let mut poll = Poll::default();
    while poll.changes.values().sum::<usize>() < MOST_CHANGES {
        // Only the wait for the next transaction is limited: one that has begun is read to its end.
        let Ok(next) = timeout(SILENCE, transactions.next()).await else { break };
        let Some(mut transaction) = next? else { break };
        let commit = transaction.transaction().map(|transaction| transaction.lsn);
        while let Some(change) = transaction.next().await? {
            // The key of a change: relations and messages have none.
            let (Some(_), Some(table)) = (change.position(), change.relation()) else { continue };
            *poll.changes.entry(table.name.to_string()).or_default() += 1;
        }
        poll.last = commit.or(poll.last);
    }
    Ok(poll)
}

fn work(poll: &Poll) {
    println!("{:?}", poll.changes);
}
