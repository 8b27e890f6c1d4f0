//! What to stream, and how: the options of START_REPLICATION, and what each server version knows of
//! them.

use std::path::PathBuf;
use std::time::Duration;

use walscope_core::Lsn;
use walscope_core::frame::MAX_MESSAGE;

use super::plugin::{Plugin, check_other};
use super::reconnect::Reconnect;
use crate::error::{Error, Result};
use crate::sql::publication_list;

/// Whether large transactions are sent in pieces before they end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streaming {
    /// Only whole transactions (protocol 1).
    #[default]
    Off,
    /// In pieces (protocol 2, PostgreSQL 14).
    On,
    /// In pieces that can be applied in parallel (protocol 4, PostgreSQL 16).
    Parallel,
}

/// Which changes a server with several origins sends (PostgreSQL 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginFilter {
    /// All of them.
    Any,
    /// Only those that were made on the server itself.
    None,
}

/// Who confirms what was delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// Asking for the next batch confirms the one before.
    #[default]
    Automatic,
    /// The program, by [`StreamControl`](crate::StreamControl).
    Manual,
    /// Nobody: the slot stays where it is, for whoever only wants to look.
    Never,
}

/// What to stream, and how.
///
/// ```
/// use walscope::StreamOptions;
/// let options = StreamOptions { create_slot: true, ..StreamOptions::new("app", ["app_pub"]) };
/// ```
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// The slot's name.
    pub slot: String,
    /// The output plugin. Publications and what else says so below are pgoutput's.
    pub plugin: Plugin,
    /// The publications' names, of pgoutput.
    pub publications: Vec<String>,
    /// Create the slot if it is missing.
    pub create_slot: bool,
    /// Create it as a temporary one: it ends with the connection, and so does the stream.
    pub temporary: bool,
    /// Where to start; without it where the slot's consumer has confirmed.
    pub start: Option<Lsn>,
    /// The version of pgoutput's protocol; without it the lowest that the other options need.
    pub protocol: Option<u8>,
    /// Whether large transactions of pgoutput come in pieces.
    pub streaming: Streaming,
    /// Ask pgoutput for values in binary form.
    pub binary: bool,
    /// Ask pgoutput for transactions when they are prepared. Marks the slot for good.
    pub two_phase: bool,
    /// Ask pgoutput for messages of `pg_logical_emit_message`.
    pub messages: bool,
    /// Which origins pgoutput is to include.
    pub origin: Option<OriginFilter>,
    /// Who confirms.
    pub acknowledge: Acknowledge,
    /// Whether an idle slot may advance to the end of the log that the server has looked through.
    pub idle_advance: bool,
    /// The largest message that is accepted, in bytes.
    pub max_message: u32,
    /// How long the server may be silent before it is asked for a sign of life.
    pub stall_timeout: Duration,
    /// How to come back after the connection broke; `None`: the stream ends with the error.
    pub reconnect: Option<Reconnect>,
    /// Give the pieces of large transactions as they come, instead of the whole at its end.
    pub raw: bool,
    /// How many bytes of memory the pieces may take that wait for their transaction's end. What is
    /// over it waits in files.
    pub memory: usize,
    /// Where these files are made; without it in the system's directory for temporary files.
    pub spill_directory: Option<PathBuf>,
}

/// Pieces of transactions that wait in memory.
const DEFAULT_MEMORY: usize = 8 * 1024 * 1024;
/// Protocol versions, by what they brought.
const PROTOCOL_STREAMING: u8 = 2;
const PROTOCOL_TWO_PHASE: u8 = 3;
const PROTOCOL_PARALLEL: u8 = 4;
/// The first server with `origin`.
const ORIGIN_MAJOR: u32 = 16;

impl StreamOptions {
    /// Options with everything else at its default.
    pub fn new(
        slot: impl Into<String>,
        publications: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            slot: slot.into(),
            plugin: Plugin::Pgoutput,
            publications: publications.into_iter().map(Into::into).collect(),
            create_slot: false,
            temporary: false,
            start: None,
            protocol: None,
            streaming: Streaming::Off,
            binary: false,
            two_phase: false,
            messages: false,
            origin: None,
            acknowledge: Acknowledge::Automatic,
            idle_advance: true,
            max_message: MAX_MESSAGE,
            stall_timeout: Duration::from_secs(30),
            reconnect: Some(Reconnect::default()),
            raw: false,
            memory: DEFAULT_MEMORY,
            spill_directory: None,
        }
    }

    /// The protocol's version that will be asked for.
    pub fn protocol_version(&self) -> u8 {
        self.protocol.unwrap_or_else(|| self.lowest_protocol().0)
    }

    /// The lowest version that the options need, and the option that needs it.
    fn lowest_protocol(&self) -> (u8, &'static str) {
        match (self.streaming, self.two_phase) {
            (Streaming::Parallel, _) => (PROTOCOL_PARALLEL, "streaming \"parallel\""),
            (_, true) => (PROTOCOL_TWO_PHASE, "two-phase"),
            (Streaming::On, false) => (PROTOCOL_STREAMING, "streaming \"on\""),
            (Streaming::Off, false) => (1, "pgoutput"),
        }
    }

    /// Refuses what does not fit together, and what a server of that version does not have.
    pub(crate) fn check(&self, major: u32) -> Result<()> {
        if let Plugin::Other { name, .. } = &self.plugin {
            return check_other(name, self);
        }
        if self.publications.is_empty() {
            return Err(Error::config_hint("no publication is given", "name at least one"));
        }
        let version = self.protocol_version();
        let (lowest, option) = self.lowest_protocol();
        if version < lowest {
            return Err(Error::config(format!(
                "{option} needs protocol version {lowest}, and {version} is asked for"
            )));
        }
        let newest = newest_protocol(major);
        if version > newest {
            let wanted = if self.protocol.is_some() {
                format!("protocol version {version}")
            } else {
                format!("{option} (protocol version {version})")
            };
            return Err(unsupported(&wanted, major, format!("it has versions 1 to {newest}")));
        }
        if version == 0 {
            return Err(Error::config("protocol version 0 does not exist: versions begin at 1"));
        }
        if self.origin.is_some() && major < ORIGIN_MAJOR {
            let hint = format!("leave it out, or use PostgreSQL {ORIGIN_MAJOR} or newer");
            return Err(unsupported("the option origin", major, hint));
        }
        Ok(())
    }

    /// The options of START_REPLICATION.
    pub(crate) fn for_server(&self) -> Vec<(String, String)> {
        match &self.plugin {
            Plugin::Pgoutput => {
                let options = self.for_pgoutput().into_iter();
                options.map(|(name, value)| (name.to_string(), value)).collect()
            }
            Plugin::Other { options, .. } => options.clone(),
        }
    }

    fn for_pgoutput(&self) -> Vec<(&'static str, String)> {
        let mut options = vec![
            ("proto_version", self.protocol_version().to_string()),
            ("publication_names", publication_list(&self.publications)),
        ];
        match self.streaming {
            Streaming::Off => {}
            Streaming::On => options.push(("streaming", "on".into())),
            Streaming::Parallel => options.push(("streaming", "parallel".into())),
        }
        for (name, wanted) in
            [("binary", self.binary), ("two_phase", self.two_phase), ("messages", self.messages)]
        {
            if wanted {
                options.push((name, "on".into()));
            }
        }
        match self.origin {
            Some(OriginFilter::Any) => options.push(("origin", "any".into())),
            Some(OriginFilter::None) => options.push(("origin", "none".into())),
            None => {}
        }
        options
    }
}

/// The newest version of the protocol that a server has.
fn newest_protocol(major: u32) -> u8 {
    match major {
        ..=14 => PROTOCOL_STREAMING,
        15 => PROTOCOL_TWO_PHASE,
        _ => PROTOCOL_PARALLEL,
    }
}

fn unsupported(what: &str, major: u32, hint: String) -> Error {
    Error::Unsupported {
        problem: format!("PostgreSQL {major} does not have {what}"),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> StreamOptions {
        StreamOptions::new("s", ["p"])
    }

    #[test]
    fn the_lowest_protocol_is_asked_for() {
        assert_eq!(options().protocol_version(), 1);
        assert_eq!(StreamOptions { streaming: Streaming::On, ..options() }.protocol_version(), 2);
        assert_eq!(StreamOptions { two_phase: true, ..options() }.protocol_version(), 3);
        let parallel = StreamOptions { streaming: Streaming::Parallel, ..options() };
        assert_eq!(parallel.protocol_version(), 4);
    }

    #[test]
    fn what_a_server_lacks_is_refused_by_name() {
        let refusal = |options: StreamOptions, major| {
            options.check(major).map_err(|error| error.to_string()).unwrap_err()
        };
        let parallel = StreamOptions { streaming: Streaming::Parallel, ..options() };
        assert!(refusal(parallel.clone(), 15).contains("streaming \"parallel\""));
        assert!(parallel.check(16).is_ok());
        let two_phase = StreamOptions { two_phase: true, ..options() };
        assert!(refusal(two_phase.clone(), 14).contains("two-phase"));
        assert!(two_phase.check(15).is_ok());
        let origin = StreamOptions { origin: Some(OriginFilter::None), ..options() };
        assert!(refusal(origin, 15).contains("origin"));
        let version = StreamOptions { protocol: Some(4), ..options() };
        assert!(refusal(version, 14).contains("protocol version 4"));
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        let low = StreamOptions { protocol: Some(1), streaming: Streaming::On, ..options() };
        assert!(low.check(18).is_err());
        assert!(StreamOptions { protocol: Some(0), ..options() }.check(18).is_err());
        assert!(StreamOptions::new("s", Vec::<String>::new()).check(18).is_err());
    }
}
