//! Exactly once into PostgreSQL: sums up the payments of one database in another one.
//!
//! ```sh
//! cargo run --example exactly_once -- postgres://localhost/app app app_pub \
//!     "host=localhost dbname=reports"
//! ```
//!
//! The source has `payments (id, account, amount)`. A payment counted twice or never makes a sum wrong
//! for ever, so sums and the position of the last row are written in one transaction, whoever dies.

use std::error::Error;
use std::pin::pin;

use serde::Deserialize;
use tokio_postgres::{Client, NoTls};
use walscope::{Config, Stream, StreamOptions, TransactionChanges};
use walscope_core::pgoutput::Message;
use walscope_core::transaction::Position;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS balances (account int PRIMARY KEY, total bigint NOT NULL);
    CREATE TABLE IF NOT EXISTS checkpoints (slot text PRIMARY KEY, position text NOT NULL)";
const ADD: &str = "INSERT INTO balances VALUES ($1, $2)
    ON CONFLICT (account) DO UPDATE SET total = balances.total + excluded.total";
/// Only from where we are: whoever moves it without the lock is a mistake, and then we may not.
const MOVE: &str = "UPDATE checkpoints SET position = $3 WHERE slot = $1 AND position = $2";
/// One process at a time, for as long as its session lives.
const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('exactly_once ' || $1, 0))";

#[derive(Deserialize)]
struct Payment {
    account: i32,
    amount: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication, target] = arguments.as_slice() else {
        return Err("usage: exactly_once CONNINFO SLOT PUBLICATION TARGET".into());
    };
    let (mut client, connection) = tokio_postgres::connect(target, NoTls).await?;
    tokio::spawn(connection);
    // What a process before us had sent may still be committed after it was killed. So the lock comes
    // first, which that process's session has until its last statement is done.
    client.execute(LOCK, &[slot]).await?;
    client.batch_execute(TABLES).await?;
    let first = "INSERT INTO checkpoints VALUES ($1, $2) ON CONFLICT DO NOTHING";
    client.execute(first, &[slot, &Position::default().to_string()]).await?;
    let known = "SELECT position FROM checkpoints WHERE slot = $1";
    let mut done: Position = client.query_one(known, &[slot]).await?.get::<_, &str>(0).parse()?;

    // A server that crashed may remember less than we do: the checkpoint is where we start.
    let start = done.lsn.is_valid().then_some(done.lsn);
    let options =
        StreamOptions { create_slot: true, start, ..StreamOptions::new(slot, [publication]) };
    let mut transactions =
        Stream::open(&Config::parse(conninfo)?, options).await?.transactions()?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // Asking for the next transaction confirms the last one, which is committed by then.
    while let Some(transaction) = tokio::select! {
        transaction = transactions.next() => transaction?,
        _ = &mut interrupt => None,
    } {
        done = apply(transaction, &mut client, slot, done).await?;
    }
    transactions.changes().close().await?;
    Ok(())
}

/// Writes a transaction's sums and its last position, and returns that.
async fn apply(
    mut changes: TransactionChanges<'_>,
    client: &mut Client,
    slot: &String,
    before: Position,
) -> Result<Position> {
    let target = client.transaction().await?;
    let mut done = before;
    while let Some(change) = changes.next().await? {
        // What was sent again is left out: it is not behind the checkpoint.
        let Some(position) = change.position().filter(|position| *position > done) else {
            continue;
        };
        done = position;
        if let (Message::Insert(_), Some(row)) = (change.message(), change.row()) {
            let payment: Payment = row.deserialize()?;
            target.execute(ADD, &[&payment.account, &payment.amount]).await?;
        }
    }
    if done == before {
        return Ok(done);
    }
    let moved = target.execute(MOVE, &[slot, &before.to_string(), &done.to_string()]).await?;
    if moved != 1 {
        return Err(format!("somebody else has moved the checkpoint of {slot}").into());
    }
    target.commit().await?;
    println!("{done}");
    Ok(done)
}
