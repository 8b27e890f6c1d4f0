//! Hands out rows at a limited rate, however fast they are written.
//!
//! ```sh
//! cargo run --example rate_limited -- postgres://localhost/app app app_pub 100
//! ```
//!
//! The last argument is the number of rows in a second. Nothing piles up: while the program waits, at
//! most the buffer fills, then reading stops and with it the server. What was not handed out is not
//! confirmed, so the server keeps its log: see `max_slot_wal_keep_size`.

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use walscope::{Config, Stream, StreamOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication, rate] = arguments.as_slice() else {
        return Err("usage: rate_limited CONNINFO SLOT PUBLICATION ROWS_PER_SECOND".into());
    };
    let period = Duration::try_from_secs_f64(1.0 / rate.parse::<f64>()?)?;
    let mut ticks = interval(period);
    // After a quiet time the rows do not come in a burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);

    let options = StreamOptions { create_slot: true, ..StreamOptions::new(slot, [publication]) };
    let mut changes = Stream::open(&Config::parse(conninfo)?, options).await?.changes()?;
    let control = changes.control().clone();
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    while let Some(change) = tokio::select! {
        change = changes.next() => change?,
        _ = &mut interrupt => None,
    } {
        // The key of a row change; beginnings, ends and descriptions of tables have none, and pass.
        let Some(position) = change.position() else { continue };
        ticks.tick().await;
        let status = control.status();
        println!("{position} {} bytes behind", status.lag_bytes);
    }
    changes.close().await?;
    Ok(())
}
