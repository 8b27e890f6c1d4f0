//! A logical replication session as a state machine: what was received, what the consumer has
//! confirmed, what the server may be told, and when.
//!
//! It does no IO and reads no clock: bytes come in as decoded messages, time is an argument in
//! microseconds of a monotonic clock, and [`Session::poll`] says what to do next. The rules that it
//! keeps:
//!
//! - The flushed LSN is only ever the *end* of a transaction that the consumer confirmed, or, while
//!   nothing unconfirmed is outstanding, the end of a keepalive. It never goes back.
//! - Of a plugin whose messages are not understood every message is confirmed by itself, and flushes
//!   the LSN that it came with: see [`Items::EveryMessage`].
//! - Received is the maximum over everything that came, and is never taken for flushed.
//! - A status goes out on its timer whatever the consumer does, at once when the server asks, and
//!   soon after a confirmation.
//! - Silence while reading is answered with a question, and silence after that with the end.
//!
//! Keep the loop of a host like this: after every [`received`](Session::received) and every
//! confirmation, and when the time that [`Action::Wait`] named has come, poll until it says
//! `Wait` again.

use alloc::collections::VecDeque;
use core::fmt;

use crate::error::Result;
use crate::pgoutput::{Decoder, Message, tag};
use crate::replication::{ReplicationMessage, StandbyStatusUpdate, XLogData};
use crate::types::{Lsn, Timestamp};

/// Microseconds of a monotonic clock.
pub type Micros = u64;

/// One second in microseconds.
const SECOND: Micros = 1_000_000;
/// The longest time between two status updates.
const MAX_STATUS_INTERVAL: Micros = 10 * SECOND;
/// How long a confirmation may wait for others before the server is told.
const CONFIRMATION_DELAY: Micros = SECOND / 100;
/// How long the server may take to answer before it counts as dead.
const REPLY_TIMEOUT: Micros = 10 * SECOND;

/// What a consumer confirms, and what is flushed by that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Items {
    /// pgoutput's ends of transactions, and its messages outside of transactions.
    #[default]
    Transactions,
    /// Every message of the output plugin, whatever it says. Confirming it, and with it everything
    /// before it, flushes the LSN that it came with.
    ///
    /// That loses nothing, although LSNs go back between transactions. After a restart the server
    /// leaves out the transactions whose commit (or prepare) record begins before the flushed LSN,
    /// and sends all others from their first row (`SnapBuildXactNeedsSkip`). It decodes records in
    /// order, and a message comes with the LSN of a record that was decoded already, or, at the end
    /// of a transaction, with the end of the record that is being decoded (`write_location` in
    /// `logical.c`). A transaction left out had its record before that, so all of it came before
    /// the message, and is confirmed with it. A plugin that writes more than one message at the end
    /// of a transaction has to say which is the last; the others come with LSN 0 (`last_write` in
    /// `walsender.c`) and flush nothing.
    ///
    /// Keepalives may be confirmed by the same reasoning even between the messages of a
    /// transaction: their LSN is the end of the last record that was decoded whole.
    EveryMessage,
}

/// How a session is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Where the stream starts.
    pub start: Lsn,
    /// Up to where the slot is confirmed. A start beyond it confirms nothing: somebody may only
    /// want to look.
    pub confirmed: Lsn,
    /// The server's `wal_sender_timeout`; 0: it never gives up.
    pub wal_sender_timeout: Micros,
    /// Whether the end of a keepalive may be confirmed while nothing is outstanding, so that an
    /// idle slot does not hold back the log.
    pub idle_advance: bool,
    /// How long the server may be silent before it is asked for a sign of life.
    pub stall_timeout: Micros,
    /// Whether anything will ever be confirmed. If not, items are counted, not kept, and the idle
    /// rule is off.
    pub confirms: bool,
    /// What is confirmed.
    pub items: Items,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            start: Lsn::INVALID,
            confirmed: Lsn::INVALID,
            wal_sender_timeout: 60 * SECOND,
            idle_advance: true,
            stall_timeout: 30 * SECOND,
            confirms: true,
            items: Items::Transactions,
        }
    }
}

/// What the host has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing before that time, unless something comes.
    Wait(Micros),
    /// Send this to the server. Its clock is filled in by the host.
    Send(StandbyStatusUpdate),
    /// The server is dead: it has been silent for so long, a question included.
    Dead(Micros),
}

/// A position beyond what was delivered was to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AheadError {
    /// The position that was asked for.
    pub asked: Lsn,
    /// The end of what was delivered.
    pub delivered: Lsn,
}

impl fmt::Display for AheadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cannot be confirmed: only what ends at {} has been delivered",
            self.asked, self.delivered
        )
    }
}

impl core::error::Error for AheadError {}

/// Something that a consumer confirms, received and not confirmed yet.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// The end of a transaction: where its commit or prepare record begins, if that was sent, where
    /// it ends, and when that was.
    Transaction { commit: Option<Lsn>, end: Lsn, time: Timestamp },
    /// A message outside of transactions. Its position is no end of anything.
    Message(Lsn),
    /// A message of a plugin that is not understood.
    Undecoded(Lsn),
}

impl Item {
    /// What becomes the flushed LSN once this is confirmed.
    const fn flushes(self) -> Lsn {
        match self {
            Self::Transaction { end: lsn, .. } | Self::Undecoded(lsn) => lsn,
            Self::Message(_) => Lsn::INVALID,
        }
    }

    /// How far a consumer is that has this.
    const fn reaches(self) -> Lsn {
        match self {
            Self::Transaction { end: lsn, .. } | Self::Message(lsn) | Self::Undecoded(lsn) => lsn,
        }
    }

    /// What comes later in the log ends beyond this.
    const fn position(self) -> Lsn {
        match self {
            Self::Transaction { end, .. } => end,
            Self::Message(lsn) | Self::Undecoded(lsn) => Lsn(lsn.0.saturating_add(1)),
        }
    }

    /// Whether a confirmation of `lsn` is meant to include this.
    fn is_meant_by(self, lsn: Lsn) -> bool {
        match self {
            Self::Transaction { commit, end, .. } => end <= lsn || commit == Some(lsn),
            Self::Message(at) | Self::Undecoded(at) => at <= lsn,
        }
    }
}

/// The state of one session.
///
/// Consumers confirm *items*: ends of transactions, and messages outside of transactions, or all
/// messages of a plugin that is not understood. They are counted from 1 in the order in which they
/// came.
#[derive(Debug)]
pub struct Session {
    options: SessionOptions,
    decoder: Decoder,
    received: Lsn,
    flushed: Lsn,
    /// Items after the `confirmed` first ones.
    outstanding: VecDeque<Item>,
    confirmed: u64,
    /// How far a consumer is that has the confirmed items.
    reached: Lsn,
    /// Where the last item ends that was received.
    position: Lsn,
    /// After a reconnect: items up to here were delivered, and come again.
    repeat_until: Option<Lsn>,
    /// A transaction has begun and not ended.
    open: bool,
    /// The end of the last keepalive that came outside of a transaction, and how many items had to
    /// be confirmed before it could be.
    idle: Option<(Lsn, u64)>,
    status_interval: Micros,
    reply_due: bool,
    last_status: Micros,
    feedback_delay: Micros,
    told_flushed: Lsn,
    /// When something last came, or reading began again.
    last_received: Micros,
    reading: bool,
    /// When the server was asked for a sign of life.
    asked: Option<Micros>,
}

impl Session {
    /// A session whose stream starts now.
    pub fn new(options: SessionOptions, now: Micros) -> Self {
        let third = options.wal_sender_timeout / 3;
        let status_interval = if third == 0 { MAX_STATUS_INTERVAL } else { third };
        Self {
            options,
            decoder: Decoder::default(),
            received: options.start,
            flushed: options.confirmed,
            outstanding: VecDeque::new(),
            confirmed: 0,
            reached: options.confirmed,
            position: Lsn::INVALID,
            repeat_until: None,
            open: false,
            idle: None,
            status_interval: status_interval.min(MAX_STATUS_INTERVAL),
            reply_due: false,
            last_status: now,
            feedback_delay: 0,
            told_flushed: options.confirmed,
            last_received: now,
            reading: true,
            asked: None,
        }
    }

    /// The end of what was received.
    pub const fn received_lsn(&self) -> Lsn {
        self.received
    }

    /// The end of what is confirmed.
    pub const fn flushed_lsn(&self) -> Lsn {
        self.flushed
    }

    /// Where the last item ends that was received: with how many there are of them, how far a consumer
    /// is that has been given them all.
    pub const fn position(&self) -> Lsn {
        self.position
    }

    /// How many items were received.
    pub fn items_received(&self) -> u64 {
        self.confirmed.saturating_add(self.outstanding.len() as u64)
    }

    /// How many items are confirmed.
    pub const fn items_confirmed(&self) -> u64 {
        self.confirmed
    }

    /// How many items were received and not confirmed.
    pub fn items_outstanding(&self) -> u64 {
        self.outstanding.len() as u64
    }

    /// When the oldest transaction ended, by the server's clock, that was received and is not
    /// confirmed.
    pub fn outstanding_since(&self) -> Option<Timestamp> {
        self.outstanding.iter().find_map(|item| match item {
            Item::Transaction { time, .. } => Some(*time),
            Item::Message(_) | Item::Undecoded(_) => None,
        })
    }

    /// By how much a status has been late at most: how long the host has not polled when it should
    /// have.
    pub const fn feedback_delay(&self) -> Micros {
        self.feedback_delay
    }

    /// Whether a transaction has begun whose end has not come yet.
    pub const fn in_transaction(&self) -> bool {
        self.open
    }

    /// Takes in a message from the server.
    ///
    /// # Errors
    ///
    /// The end of a transaction that cannot be decoded. The stream has to end there, for what it
    /// would confirm is not known.
    #[inline]
    pub fn received(&mut self, message: &ReplicationMessage<'_>, now: Micros) -> Result<()> {
        self.last_received = now;
        self.asked = None;
        match message {
            ReplicationMessage::XLogData(data) => {
                self.received = self.received.max(data.start).max(data.end);
                match self.options.items {
                    Items::Transactions => self.data(data),
                    Items::EveryMessage => {
                        self.keep(Item::Undecoded(data.start));
                        Ok(())
                    }
                }
            }
            ReplicationMessage::PrimaryKeepalive(keepalive) => {
                self.received = self.received.max(keepalive.end);
                self.reply_due |= keepalive.reply_requested;
                if !self.open {
                    self.idle = Some((keepalive.end, self.items_received()));
                    self.advance_idle();
                }
                Ok(())
            }
        }
    }

    /// Looks at the few messages that begin or end something; rows pass by their first byte.
    #[inline]
    fn data(&mut self, data: &XLogData<'_>) -> Result<()> {
        match data.data.first() {
            Some(
                &(tag::BEGIN
                | tag::COMMIT
                | tag::MESSAGE
                | tag::STREAM_START
                | tag::STREAM_STOP
                | tag::STREAM_COMMIT
                | tag::BEGIN_PREPARE
                | tag::PREPARE
                | tag::STREAM_PREPARE
                | tag::COMMIT_PREPARED
                | tag::ROLLBACK_PREPARED),
            ) => self.boundary(data),
            _ => Ok(()),
        }
    }

    fn boundary(&mut self, data: &XLogData<'_>) -> Result<()> {
        let (commit, end, time) = match self.decoder.decode(data.data)? {
            Message::Begin(_) | Message::BeginPrepare(_) => {
                self.open = true;
                return Ok(());
            }
            Message::Commit(ended) => (Some(ended.commit_lsn), ended.end_lsn, ended.commit_time),
            Message::StreamCommit(ended) => {
                (Some(ended.commit_lsn), ended.end_lsn, ended.commit_time)
            }
            Message::Prepare(ended) | Message::StreamPrepare(ended) => {
                (Some(ended.prepare_lsn), ended.end_lsn, ended.prepare_time)
            }
            Message::CommitPrepared(ended) => {
                (Some(ended.commit_lsn), ended.end_lsn, ended.commit_time)
            }
            // The record's beginning is not sent.
            Message::RollbackPrepared(ended) => (None, ended.end_lsn, ended.rollback_time),
            Message::Message(message) if !message.transactional => {
                self.keep(Item::Message(message.lsn));
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.open = false;
        self.keep(Item::Transaction { commit, end, time });
        Ok(())
    }

    fn keep(&mut self, item: Item) {
        if self.options.items == Items::Transactions {
            if self.repeat_until.is_some_and(|until| item.position() <= until) {
                return;
            }
            self.position = self.position.max(item.position());
        }
        if self.options.confirms {
            self.outstanding.push_back(item);
        } else {
            self.confirmed = self.confirmed.saturating_add(1);
        }
    }

    /// A new connection goes on from the flushed LSN. The consumer has been given the first `delivered`
    /// items, which end at or before `position`: they stay to be confirmed, and the server sends them
    /// again, which counts nothing. What was received beyond them is forgotten.
    pub fn resume(&mut self, delivered: u64, position: Lsn, now: Micros) {
        let kept = delivered.saturating_sub(self.confirmed);
        self.outstanding.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        if !self.options.confirms {
            self.confirmed = delivered;
        }
        self.position = position;
        self.repeat_until = Some(position);
        self.decoder = Decoder::default();
        self.received = self.flushed;
        self.open = false;
        self.idle = None;
        self.reply_due = false;
        self.last_status = now;
        self.told_flushed = self.flushed;
        self.last_received = now;
        self.asked = None;
    }

    /// Confirms the first `items` items of the session; fewer than before change nothing.
    pub fn confirm_items(&mut self, items: u64) {
        while self.confirmed < items {
            let Some(item) = self.outstanding.pop_front() else { break };
            self.confirmed = self.confirmed.saturating_add(1);
            self.flushed = self.flushed.max(item.flushes());
            self.reached = self.reached.max(item.reaches());
        }
        self.advance_idle();
    }

    /// Confirms every transaction that ended at or before `lsn`, and the one whose commit is at
    /// `lsn`, among the first `delivered` items of the session. Returns the flushed LSN.
    ///
    /// # Errors
    ///
    /// A position beyond what was delivered; nothing is confirmed.
    pub fn confirm_lsn(
        &mut self,
        lsn: Lsn,
        delivered: u64,
    ) -> core::result::Result<Lsn, AheadError> {
        let delivered = delivered.saturating_sub(self.confirmed);
        let delivered = usize::try_from(delivered).unwrap_or(usize::MAX);
        let mut items = 0_usize;
        let mut delivered_end = self.flushed.max(self.reached);
        for (index, item) in self.outstanding.iter().take(delivered).enumerate() {
            delivered_end = delivered_end.max(item.reaches());
            if item.is_meant_by(lsn) {
                items = index.saturating_add(1);
            } else if delivered_end >= lsn {
                // Ends of transactions rise: nothing further on is meant.
                break;
            }
        }
        if lsn > delivered_end {
            return Err(AheadError { asked: lsn, delivered: delivered_end });
        }
        self.confirm_items(self.confirmed.saturating_add(items as u64));
        Ok(self.flushed)
    }

    /// The idle rule: a keepalive's end is confirmed once everything before it is.
    fn advance_idle(&mut self) {
        match self.idle {
            Some((end, items)) if self.advances_idle() && self.confirmed >= items => {
                self.flushed = self.flushed.max(end);
                self.idle = None;
            }
            _ => {}
        }
    }

    const fn advances_idle(&self) -> bool {
        self.options.idle_advance && self.options.confirms
    }

    /// Switches the idle rule off for the rest of the session: what the server sends is known to be
    /// incomplete.
    pub fn suspend_idle_advance(&mut self) {
        self.options.idle_advance = false;
        self.idle = None;
    }

    /// Says whether the host reads from the server: it stops while the consumer is slow, and then
    /// the server's silence means nothing.
    pub fn set_reading(&mut self, reading: bool, now: Micros) {
        if reading && !self.reading {
            self.last_received = now;
            self.asked = None;
        }
        self.reading = reading;
    }

    /// What to do now.
    pub fn poll(&mut self, now: Micros) -> Action {
        if let Some(asked) = self.asked.filter(|_| self.reading)
            && now >= asked.saturating_add(REPLY_TIMEOUT)
        {
            return Action::Dead(now.saturating_sub(self.last_received));
        }
        let silent = self.reading
            && self.asked.is_none()
            && now >= self.last_received.saturating_add(self.options.stall_timeout);
        if silent {
            self.asked = Some(now);
        }
        let due = if self.reply_due { self.last_received } else { self.status_time() };
        if silent || now >= due {
            self.feedback_delay = self.feedback_delay.max(now.saturating_sub(due));
            return Action::Send(self.status(silent, now));
        }
        Action::Wait(self.status_time().min(self.silence_time()))
    }

    /// The status that ends an orderly session: everything confirmed so far.
    pub fn last_status(&mut self, now: Micros) -> StandbyStatusUpdate {
        self.status(false, now)
    }

    fn status(&mut self, reply_requested: bool, now: Micros) -> StandbyStatusUpdate {
        self.reply_due = false;
        self.last_status = now;
        self.told_flushed = self.flushed;
        StandbyStatusUpdate {
            received: self.received,
            flushed: self.flushed,
            applied: self.flushed,
            client_time: Timestamp::default(),
            reply_requested,
        }
    }

    /// When the next status is due.
    fn status_time(&self) -> Micros {
        let news = self.flushed > self.told_flushed;
        let interval = if news { CONFIRMATION_DELAY } else { self.status_interval };
        self.last_status.saturating_add(interval)
    }

    /// When the server's silence has to be acted upon.
    const fn silence_time(&self) -> Micros {
        match (self.reading, self.asked) {
            (false, _) => Micros::MAX,
            (true, Some(asked)) => asked.saturating_add(REPLY_TIMEOUT),
            (true, None) => self.last_received.saturating_add(self.options.stall_timeout),
        }
    }
}
