//! From entries of a stream or a capture to JSON Lines.

use std::fmt::{self, Display, Formatter};

use walscope_core::capture::{Entry, is_undecoded};
use walscope_core::pgoutput::Message;
use walscope_core::relation::BadValue;
use walscope_core::transaction::{Change, Tracker, View};
use walscope_core::{Error, ErrorKind, Lsn, Timestamp, XLogData};

use super::say;
use crate::Plugin;
use crate::json::{self, Debezium, Values};

/// What a line stands for that is no message of the server.
const NO_DATA: XLogData<'static> =
    XLogData { start: Lsn::INVALID, end: Lsn::INVALID, server_time: Timestamp(0), data: &[] };

/// Writes the lines of one connection after the other.
#[derive(Debug)]
pub(super) struct Lines {
    tracker: Tracker,
    /// The connection's plugin is not pgoutput: its messages are written as they are.
    undecoded: bool,
    values: Values,
    /// Lines are events in Debezium's envelope.
    debezium: Option<Debezium>,
    /// What was written of a transaction is not what came again: nothing more of this connection has a
    /// line.
    differs: bool,
    /// Items, as a stream counts them, whose lines were written.
    pub(super) items: u64,
}

/// What an entry has brought, beyond its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// The end of a transaction, or any message of another plugin than pgoutput.
    End(Lsn),
    /// A keepalive while no transaction is open.
    Idle(Lsn),
    /// Something else.
    Nothing,
}

/// Why an entry has no line.
#[derive(Debug)]
pub(super) enum NoLine {
    Message(Error),
    Value(BadValue),
}

impl NoLine {
    pub(super) fn error(&self) -> Error {
        match self {
            Self::Message(error) => *error,
            Self::Value(bad) => bad.error(),
        }
    }

    /// Whether the server does not send a transaction again as it was: it shall begin again, over
    /// another connection.
    pub(super) fn is_not_resumed(&self) -> bool {
        self.error().kind() == ErrorKind::NotResumed
    }

    /// The same with its position counted from elsewhere.
    pub(super) fn at(self, position: u64) -> Self {
        match self {
            Self::Message(error) => {
                Self::Message(Error::new(error.kind(), position, error.context()))
            }
            Self::Value(bad) => Self::Value(bad.at(position)),
        }
    }
}

impl Display for NoLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(error) => error.fmt(f),
            Self::Value(bad) => bad.fmt(f),
        }
    }
}

impl From<Error> for NoLine {
    fn from(error: Error) -> Self {
        Self::Message(error)
    }
}

impl Lines {
    pub(super) fn new(view: View, plugin: &Plugin, values: Values) -> Self {
        let undecoded = *plugin != Plugin::Pgoutput;
        let tracker = Tracker::new(view);
        Self { tracker, undecoded, values, debezium: None, differs: false, items: 0 }
    }

    /// The same lines in Debezium's envelope.
    pub(super) fn in_envelope(self, debezium: Option<Debezium>) -> Self {
        Self { debezium, ..self }
    }

    /// Whether messages are written as they are.
    pub(super) const fn is_undecoded(&self) -> bool {
        self.undecoded
    }

    /// Whether the connection has to be left: see [`NoLine::is_not_resumed`].
    pub(super) const fn differs(&self) -> bool {
        self.differs
    }

    /// Where the last item ends whose line was written.
    pub(super) const fn position(&self) -> Lsn {
        self.tracker.position()
    }

    /// Appends the entry's line, if it has one. Positions in errors count from the message's first byte.
    pub(super) fn write(
        &mut self,
        entry: &Entry<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Brought, NoLine> {
        if self.differs && !matches!(entry, Entry::Head(_)) {
            return Ok(Brought::Nothing);
        }
        let result = self.write_entry(entry, out);
        self.differs = result.as_ref().is_err_and(NoLine::is_not_resumed);
        result
    }

    fn write_entry(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<Brought, NoLine> {
        match entry {
            Entry::Head(json) => {
                self.undecoded = is_undecoded(json);
                if let Some(restart) = self.tracker.connect(json) {
                    self.write_restart(&restart, out)?;
                }
                Ok(Brought::Nothing)
            }
            Entry::Keepalive(keepalive) => {
                self.tracker.keepalive(keepalive.end)?;
                if self.tracker.view() == View::Raw {
                    json::write_keepalive(out, keepalive);
                }
                let open = self.tracker.is_open();
                Ok(if open { Brought::Nothing } else { Brought::Idle(keepalive.end) })
            }
            Entry::Data(data) if self.undecoded => {
                json::write_data(out, data);
                self.items += 1;
                Ok(Brought::End(data.start))
            }
            Entry::Data(data) => {
                let change = self.tracker.next_at(data.start, data.data)?;
                if change.shown {
                    let (tracker, values) = (&mut self.tracker, &self.values);
                    match &self.debezium {
                        None => json::write_change(out, &change, data, tracker, values),
                        Some(debezium) => debezium.write(out, &change, data, tracker, values),
                    }
                    .map_err(NoLine::Value)?;
                }
                if change.item {
                    self.items += 1;
                }
                Ok(end_of(&change.message).map_or(Brought::Nothing, Brought::End))
            }
        }
    }
}

impl Lines {
    fn write_restart(&mut self, restart: &Change<'_>, out: &mut Vec<u8>) -> Result<(), NoLine> {
        if self.debezium.is_some() {
            // The envelope has no event for it.
            let xid = restart.xid.unwrap_or_default();
            say(format_args!(
                "walscope: transaction {xid} begins again: its events so far are void"
            ));
            return Ok(());
        }
        json::write_change(out, restart, &NO_DATA, &mut self.tracker, &self.values)
            .map_err(NoLine::Value)
    }
}

/// Where the transaction that the message ends, ends.
fn end_of(message: &Message<'_>) -> Option<Lsn> {
    match message {
        Message::Commit(commit) => Some(commit.end_lsn),
        Message::StreamCommit(commit) => Some(commit.end_lsn),
        Message::Prepare(prepare) | Message::StreamPrepare(prepare) => Some(prepare.end_lsn),
        Message::CommitPrepared(commit) => Some(commit.end_lsn),
        Message::RollbackPrepared(rollback) => Some(rollback.end_lsn),
        _ => None,
    }
}
