//! What a physical stream is told before it begins.

use std::time::Duration;

use walscope_core::{Lsn, TimelineId};

use crate::error::{Error, Result};
use crate::sql::quote_ident;
use crate::stream::Reconnect;

/// What waits for the consumer, in bytes, unless the options say otherwise.
const BUFFER: usize = 4 * 1024 * 1024;
/// How long the server may be silent before it is asked for a sign of life.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a physical stream starts, and how it behaves.
#[derive(Clone, Debug)]
pub struct PhysicalOptions {
    /// The slot that holds back what is not flushed. `None`: the server may remove the log before it was
    /// sent.
    pub slot: Option<String>,
    /// Where to start. `None`: the slot's `restart_lsn` (PostgreSQL 15), or else the server's flush
    /// position, at the beginning of its segment.
    pub start: Option<Lsn>,
    /// On which timeline `start` is. `None`: the server's own.
    pub timeline: Option<TimelineId>,
    /// The longest time between two status updates. `None`: a third of `wal_sender_timeout`, at most
    /// 10 s. [`Duration::ZERO`]: only when there is news, or when the server asks.
    pub status_interval: Option<Duration>,
    /// How long the server may be silent before it is asked for a sign of life.
    pub stall_timeout: Duration,
    /// Reading stops while so many bytes wait for the consumer.
    pub buffer: usize,
    /// How to come back after a connection broke; `None`: not at all. A stream that was begun on a
    /// client's connection does not.
    pub reconnect: Option<Reconnect>,
}

impl Default for PhysicalOptions {
    fn default() -> Self {
        Self {
            slot: None,
            start: None,
            timeline: None,
            status_interval: None,
            stall_timeout: STALL_TIMEOUT,
            buffer: BUFFER,
            reconnect: Some(Reconnect::default()),
        }
    }
}

impl PhysicalOptions {
    pub(super) fn check(&self) -> Result<()> {
        if self.start.is_none() && self.timeline.is_some() {
            return Err(Error::config("a timeline is given without a position on it"));
        }
        Ok(())
    }

    /// The command that starts it.
    pub(super) fn sql(&self, start: Lsn, timeline: TimelineId) -> String {
        let slot = self.slot.as_ref().map(|slot| format!("SLOT {} ", quote_ident(slot)));
        let slot = slot.unwrap_or_default();
        format!("START_REPLICATION {slot}PHYSICAL {start} TIMELINE {}", timeline.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_in_the_servers_words() {
        let plain = PhysicalOptions::default();
        assert_eq!(
            plain.sql(Lsn(0x1_0000_0000), TimelineId(3)),
            "START_REPLICATION PHYSICAL 1/0 TIMELINE 3"
        );
        let slot = PhysicalOptions { slot: Some("a\"b".into()), ..plain };
        assert_eq!(
            slot.sql(Lsn(0), TimelineId(1)),
            "START_REPLICATION SLOT \"a\"\"b\" PHYSICAL 0/0 TIMELINE 1"
        );
    }
}
