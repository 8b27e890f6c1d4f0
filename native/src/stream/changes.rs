//! The changes of a stream, one by one.

use walscope_core::relation::Relation;
use walscope_core::transaction::{Tracker, Transaction, View};
use walscope_core::{ErrorKind, Lsn, Oid};

use super::batch::Batch;
use super::change::Change;
use super::walk::{Found, Walk};
use super::{Acknowledge, Plugin, Stream, StreamControl};
use crate::error::{Error, Result};
use crate::undecodable::Undecodable;

/// The changes of a [`Stream`] one by one, by [`Stream::changes`].
///
/// With automatic acknowledgement a transaction is confirmed when the change after its end is asked
/// for, and by nothing else: whoever stops asking has it sent again.
///
/// A connection that breaks within a transaction is not seen here: the next one goes on with the next
/// change. Only where the server does not send the transaction again as it was, a change comes of
/// which [`Change::is_restart`] says that the transaction begins again.
///
/// A change that cannot be decoded is an error, and stays one until [`skip`](Self::skip) says that
/// it is to be left out.
#[derive(Debug)]
pub struct Changes {
    stream: Stream,
    automatic: bool,
    tracker: Tracker,
    batch: Batch,
    walk: Walk,
    /// Found and not given yet.
    found: Option<Found>,
    /// Items up to the last one that was given.
    items: u64,
    /// Where the items end that were given before there was this.
    began_at: Lsn,
    /// The last change that was given is an item, not confirmed yet.
    ended: bool,
    undecodable: Option<Box<Undecodable>>,
}

impl Changes {
    pub(super) fn new(mut stream: Stream) -> Result<Self> {
        if stream.plugin != Plugin::Pgoutput {
            return Err(Error::Unsupported {
                problem: format!("changes of the plugin {} cannot be read", stream.info().plugin),
                hint: Some("Its messages are in batches: see Stream::next_batch".into()),
            });
        }
        let automatic = stream.acknowledge == Acknowledge::Automatic;
        if automatic {
            // What was asked past before; from here on it is done change by change.
            stream.control.confirm_items(u64::MAX);
            stream.acknowledge = Acknowledge::Manual;
        }
        Ok(Self {
            automatic,
            tracker: Tracker::new(if stream.raw { View::Raw } else { View::Transactions }),
            batch: Batch::default(),
            walk: Walk::default(),
            found: None,
            items: stream.control.delivered().0,
            began_at: stream.control.delivered().1,
            ended: false,
            undecodable: None,
            stream,
        })
    }

    /// The next change; `None` after the stream was closed. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// Why the stream has ended; a change that cannot be decoded ([`Error::Undecodable`]).
    pub async fn next(&mut self) -> Result<Option<Change<'_>>> {
        match self.find().await? {
            Some(_) => self.give(),
            None => Ok(None),
        }
    }

    /// Leaves out the change that cannot be decoded. Returns whether there was one.
    pub fn skip(&mut self) -> bool {
        self.undecodable.take().is_some()
    }

    /// A table that was described on this connection.
    pub fn relation(&self, oid: Oid) -> Option<&Relation> {
        self.tracker.find_relation(oid)
    }

    /// The transaction of the last change that was given.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.tracker.transaction()
    }

    /// The stream: what was found at its start.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// What confirms, watches and ends the stream from elsewhere.
    pub fn control(&self) -> &StreamControl {
        self.stream.control()
    }

    /// Confirms every transaction that ended at or before `lsn`, and the one whose commit is there,
    /// among those that were given. Returns the flushed LSN.
    ///
    /// # Errors
    ///
    /// A position beyond what was given. Nothing is confirmed then.
    pub fn acknowledge(&self, lsn: Lsn) -> Result<Lsn, walscope_core::session::AheadError> {
        self.control().acknowledge(lsn, Some(self.items))
    }

    /// Ends the stream in order: see [`StreamControl::close`]. What was given and not asked past is
    /// not confirmed.
    ///
    /// # Errors
    ///
    /// Why the stream had ended before.
    pub async fn close(&mut self) -> Result<()> {
        self.stream.close().await
    }

    /// What was given of a transaction is not what the server sends again: it shall send it once more,
    /// to be given from its beginning. What else came on this connection comes again too.
    fn start_over(&mut self) {
        (self.batch, self.walk) = (Batch::default(), Walk::default());
        let position = self.tracker.position().max(self.began_at);
        self.control().start_over(self.items, position);
    }

    /// The change that was found takes back what was given of a transaction.
    pub(super) fn finds_restart(&self) -> bool {
        self.found.as_ref().is_some_and(Found::is_restart)
    }

    /// Looks for the next change, which [`give`](Self::give) gives, and returns its message's bytes.
    pub(super) async fn find(&mut self) -> Result<Option<&[u8]>> {
        if self.ended {
            self.ended = false;
            if self.automatic {
                self.control().confirm_items(self.items);
            }
        }
        while self.found.is_none() {
            if let Some(undecodable) = &self.undecodable {
                return Err(Error::Undecodable(undecodable.clone()));
            }
            match self.walk.find(&self.batch, &mut self.tracker) {
                Ok(Some(found)) => self.found = Some(found),
                Err(undecodable) if is_not_resumed(&undecodable) => self.start_over(),
                Err(undecodable) => self.undecodable = Some(undecodable),
                Ok(None) => match self.stream.next_batch().await? {
                    Some(batch) => (self.batch, self.walk) = (batch, Walk::default()),
                    None => return Ok(None),
                },
            }
        }
        Ok(self.found.as_ref().map(|found| found.payload(&self.batch)))
    }

    /// Gives the change that was found.
    pub(super) fn give(&mut self) -> Result<Option<Change<'_>>> {
        let Some(found) = self.found.take() else { return Ok(None) };
        match found.change(&self.batch, &mut self.tracker) {
            Ok(change) => {
                if change.is_item() {
                    (self.items, self.ended) = (self.items + 1, true);
                }
                Ok(Some(change))
            }
            Err(undecodable) => {
                self.undecodable = Some(undecodable.clone());
                Err(Error::Undecodable(undecodable))
            }
        }
    }
}

fn is_not_resumed(undecodable: &Undecodable) -> bool {
    undecodable.error.kind() == ErrorKind::NotResumed
}
