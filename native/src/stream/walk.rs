//! The way through a batch, from one change that is shown to the next.

use std::ops::Range;

use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::pgoutput::{Decoder, Message};
use walscope_core::relation::Described;
use walscope_core::transaction::{self, Tracker};
use walscope_core::{Lsn, Xid};

use super::batch::Batch;
use super::change::Change;
use crate::undecodable::Undecodable;

/// Where in a batch the next change is looked for.
#[derive(Debug, Default)]
pub(super) struct Walk {
    offset: usize,
}

/// A message that is shown, found in a batch and not given yet.
#[derive(Debug)]
pub(super) struct Found {
    lsn: Lsn,
    payload: Range<usize>,
    /// What the tracker says, where it had to be asked whether the message is shown. The message
    /// stands for itself: it is decoded again.
    placed: Option<Placed>,
    /// No message at all: what was given of a transaction is taken back.
    restart: Option<transaction::Change<'static>>,
}

/// A [`transaction::Change`] without its message.
#[derive(Debug)]
struct Placed {
    xid: Option<Xid>,
    seq: Option<u32>,
    described: Option<Described>,
    item: bool,
}

impl Walk {
    /// Goes to the next message that is shown, if the batch has one.
    pub(super) fn find(
        &mut self,
        batch: &Batch,
        tracker: &mut Tracker,
    ) -> Result<Option<Found>, Box<Undecodable>> {
        let bytes = batch.bytes();
        let mut reader = Reader::of_connection(MAX_MESSAGE);
        while let Some(rest) = bytes.get(self.offset..).filter(|rest| !rest.is_empty()) {
            let entry = match reader.next(rest) {
                Ok(Next::Entry(entry, length)) => {
                    self.offset += length;
                    entry
                }
                // A batch holds whole frames only, each of which was looked at.
                Ok(Next::NeedMore(_)) => break,
                Err(error) => return Err(Box::new(Undecodable::new(Lsn::INVALID, rest, error))),
            };
            match entry {
                Entry::Head(json) => {
                    if let Some(restart) = tracker.connect(json) {
                        return Ok(Some(Found::restart(restart)));
                    }
                }
                Entry::Keepalive(keepalive) => tracker
                    .keepalive(keepalive.end)
                    .map_err(|error| Box::new(Undecodable::new(keepalive.end, &[], error)))?,
                Entry::Data(data) => {
                    let payload = self.offset - data.data.len()..self.offset;
                    let lsn = data.start;
                    if tracker.shows(data.data) {
                        return Ok(Some(Found { lsn, payload, placed: None, restart: None }));
                    }
                    let change = tracker
                        .next_at(lsn, data.data)
                        .map_err(|error| Box::new(Undecodable::new(lsn, data.data, error)))?;
                    if change.shown {
                        let placed = Some(Placed::of(&change));
                        return Ok(Some(Found { lsn, payload, placed, restart: None }));
                    }
                }
            }
        }
        Ok(None)
    }
}

impl Found {
    fn restart(restart: transaction::Change<'static>) -> Self {
        Self { lsn: Lsn::INVALID, payload: 0..0, placed: None, restart: Some(restart) }
    }

    /// Whether it takes back what was given of a transaction.
    pub(super) const fn is_restart(&self) -> bool {
        self.restart.is_some()
    }

    /// The message's bytes.
    pub(super) fn payload<'a>(&self, batch: &'a Batch) -> &'a [u8] {
        batch.bytes().get(self.payload.clone()).unwrap_or_default()
    }

    /// The change, which is the next one for the tracker.
    pub(super) fn change<'a>(
        self,
        batch: &'a Batch,
        tracker: &'a mut Tracker,
    ) -> Result<Change<'a>, Box<Undecodable>> {
        if let Some(restart) = self.restart {
            return Ok(Change::new(self.lsn, restart, tracker));
        }
        let (lsn, payload) = (self.lsn, self.payload(batch));
        let change = match self.placed {
            None => tracker.next_at(lsn, payload),
            Some(placed) => Decoder::default().decode(payload).map(|message| placed.with(message)),
        };
        match change {
            Ok(change) => Ok(Change::new(lsn, change, tracker)),
            Err(error) => Err(Box::new(Undecodable::new(lsn, payload, error))),
        }
    }
}

impl Placed {
    fn of(change: &transaction::Change<'_>) -> Self {
        let transaction::Change { xid, seq, described, item, .. } = *change;
        Self { xid, seq, described, item }
    }

    fn with(self, message: Message<'_>) -> transaction::Change<'_> {
        let Self { xid, seq, described, item } = self;
        transaction::Change { message, xid, seq, shown: true, described, item }
    }
}
