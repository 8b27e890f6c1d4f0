//! Options for what a stream endures: broken connections, silence, large messages.

use std::time::Duration;

use clap::Args;

use crate::{Reconnect, StreamOptions};

const MEBIBYTE: u32 = 1024 * 1024;

#[derive(Clone, Debug, Args)]
pub(super) struct Endurance {
    /// End with the error when the connection breaks, or the slot is in use at the start, instead of
    /// trying again
    #[arg(long)]
    no_reconnect: bool,
    /// The longest wait between two tries to connect again, in seconds; the first is 0.25 s
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    reconnect_delay: u64,
    /// End with the error after so many seconds without a connection; without it never, or, at the
    /// start, when a dead consumer cannot have the slot any more (wal_sender_timeout)
    #[arg(long, value_name = "SECONDS")]
    give_up_after: Option<u64>,
    /// Ask the server for a sign of life after so many seconds of silence; 10 s later it counts as
    /// dead
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    stall_timeout: u64,
    /// End with an error at a message of more than so many MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_message: u32,
}

impl Endurance {
    /// These options, and all others from `options`.
    pub(super) fn apply(&self, options: StreamOptions) -> StreamOptions {
        let reconnect = Reconnect {
            longest_delay: Duration::from_secs(self.reconnect_delay),
            give_up_after: self.give_up_after.map(Duration::from_secs),
            ..Reconnect::default()
        };
        StreamOptions {
            reconnect: (!self.no_reconnect).then_some(reconnect),
            stall_timeout: Duration::from_secs(self.stall_timeout),
            max_message: self.max_message().min(options.max_message),
            ..options
        }
    }

    fn max_message(&self) -> u32 {
        self.max_message.saturating_mul(MEBIBYTE)
    }
}
