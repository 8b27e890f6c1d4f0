//! The output plugin of a slot: pgoutput, or another one, whose messages are handed over as they
//! are.

use walscope_core::session::Items;

use super::options::{StreamOptions, Streaming};
use crate::error::{Error, Result};

/// The plugin whose messages are decoded.
const PGOUTPUT: &str = "pgoutput";

/// The output plugin that writes the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Plugin {
    /// pgoutput: its messages can be decoded, and its transactions are what is confirmed.
    #[default]
    Pgoutput,
    /// Another one, such as `test_decoding` or `wal2json`. What it writes is handed over undecoded,
    /// and every message is an item to confirm:
    /// see [`Items::EveryMessage`](walscope_core::session::Items::EveryMessage).
    Other {
        /// Its name.
        name: String,
        /// Names and values of its options.
        options: Vec<(String, String)>,
    },
}

impl Plugin {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pgoutput => PGOUTPUT,
            Self::Other { name, .. } => name,
        }
    }

    pub(super) const fn items(&self) -> Items {
        match self {
            Self::Pgoutput => Items::Transactions,
            Self::Other { .. } => Items::EveryMessage,
        }
    }
}

/// Refuses options of pgoutput for the other plugin `name`.
pub(super) fn check_other(name: &str, options: &StreamOptions) -> Result<()> {
    if name == PGOUTPUT {
        return Err(Error::config_hint(
            "pgoutput is not another plugin",
            "Leave the plugin out: pgoutput is the one that is decoded",
        ));
    }
    let given = [
        (!options.publications.is_empty(), "a publication"),
        (options.protocol.is_some(), "a protocol version"),
        (options.streaming != Streaming::Off, "streaming"),
        (options.binary, "binary"),
        (options.two_phase, "two-phase"),
        (options.messages, "messages"),
        (options.origin.is_some(), "origin"),
    ];
    match given.iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, option)) => Err(Error::config_hint(
            format!("{option} is an option of pgoutput, not of {name}"),
            format!("Leave it out: options of {name} are given by their own names"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(name: &str) -> StreamOptions {
        let options = vec![("include-xids".into(), "off".into())];
        let plugin = Plugin::Other { name: name.into(), options };
        StreamOptions { plugin, ..StreamOptions::new("s", Vec::<String>::new()) }
    }

    #[test]
    fn another_plugin_gets_its_own_options_only() {
        assert!(other("test_decoding").check(14).is_ok());
        let for_server = other("test_decoding").for_server();
        assert_eq!(for_server, [("include-xids".to_string(), "off".to_string())]);
    }

    #[test]
    fn options_of_pgoutput_are_refused_for_another_plugin() {
        let refusal = |options: StreamOptions| options.check(18).unwrap_err().to_string();
        let binary = StreamOptions { binary: true, ..other("wal2json") };
        assert!(refusal(binary).contains("binary is an option of pgoutput, not of wal2json"));
        let publications = StreamOptions { publications: vec!["p".into()], ..other("wal2json") };
        assert!(refusal(publications).contains("a publication is"));
        assert!(refusal(other("pgoutput")).contains("pgoutput is not another plugin"));
    }
}
