//! The first connection of a stream, which may have to wait for the slot.
//!
//! A server that was not told that its client is gone keeps the slot for that one: after a process was
//! killed with data on its way, or behind a network that broke, for up to `wal_sender_timeout`. Whoever
//! still has the slot after that is alive.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::warn;

use super::Stream;
use super::options::StreamOptions;
use super::reconnect::Tries;
use super::shared::StreamEvent;
use super::start;
use crate::config::Config;
use crate::error::{Error, Result};

/// SQLSTATE object_in_use.
const IN_USE: &str = "55006";
/// How long to wait where the server itself would wait for ever.
const WITHOUT_TIMEOUT: Duration = Duration::from_secs(60);
/// What the server may need beyond its time.
const SLACK: Duration = Duration::from_secs(5);

/// Opens a stream. While the slot is in use it tries again, as often as the stream would later, but no
/// longer than a dead client can have it; each wait is told.
pub(super) async fn open(
    config: &Config,
    options: StreamOptions,
    mut tell: impl FnMut(&StreamEvent),
) -> Result<Stream> {
    let began = Instant::now();
    let mut tries = Tries::default();
    let mut said = None;
    loop {
        let mut checked = start::check(config, &options).await?;
        // The slot is created once: that it was is not to be forgotten.
        if let Some((created, remarks)) = &said {
            checked.created_slot = *created;
            checked.remarks.clone_from(remarks);
        }
        said = Some((checked.created_slot, checked.remarks.clone()));
        let dead_after = match checked.wal_sender_timeout {
            Duration::ZERO => WITHOUT_TIMEOUT,
            timeout => timeout + SLACK,
        };
        let error = match start::start(config, &options, checked).await {
            Err(error) if is_in_use(&error) => error,
            result => return result,
        };
        let policy = options.reconnect.filter(|_| !options.temporary);
        let waited = began.elapsed();
        let delay = policy.and_then(|policy| tries.next(&policy, &error, waited));
        let Some(delay) = delay.filter(|_| waited < dead_after) else { return Err(error) };
        let delay = delay.min(dead_after.saturating_sub(waited));
        warn!(slot = options.slot, %error, ?delay, "the slot is in use");
        let error = error.to_string();
        tell(&StreamEvent::SlotInUse { error, tries: tries.count(), delay });
        sleep(delay).await;
    }
}

fn is_in_use(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == IN_USE)
}
