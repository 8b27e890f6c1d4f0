//! Reads several parts of the log at once.
//!
//! A page says where the first record on it begins, so a thread can begin with any. It reads the
//! records that begin in its part, and the one behind them, with which the next part begins: where the
//! readers of both are in the same state behind that record, one reader would have gone on as the
//! second one did. Anywhere else reading goes on in order from the end of the part before, with its
//! reader, so output, errors and exit code are always those of one reader.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use walscope_core::Lsn;
use walscope_core::wal::stats::Statistics;
use walscope_core::wal::{Options, Reader, Record, Version};

use super::directory::Range;
use super::input::{Input, Segments};
use super::interrupt::Interrupt;
use super::messages::Stop;
use super::product::Product;
use super::source::{End, Progress, Taker};

/// What a thread reads at once. Its text is held until that of the parts before has been printed.
const PART: u64 = 2 << 20;

/// What is to be read.
#[derive(Clone, Copy)]
pub(super) struct Plan<'p> {
    pub(super) range: &'p Range,
    pub(super) options: Options,
    /// The version before a page has said it.
    pub(super) version: Version,
    pub(super) interrupt: &'p Interrupt,
    pub(super) jobs: usize,
}

impl Plan<'_> {
    /// Where a part ends; where the next one begins.
    const fn until(&self, number: u64) -> Lsn {
        let begin = self.range.start.0 / PART;
        Lsn(begin.saturating_add(number).saturating_add(1).saturating_mul(PART))
    }

    /// Whether there is more than one part.
    pub(super) fn is_worth_it(&self) -> bool {
        self.jobs > 1 && self.range.end.is_none_or(|end| end > self.until(0))
    }

    /// A thread's work: each `jobs`th part. It ends when nobody wants more.
    fn work<'s>(
        &self,
        worker: usize,
        first: &Progress,
        product: &Product<'s>,
        parts: &SyncSender<Part<'s>>,
    ) {
        let mut input = Input::Segments(Box::new(Segments::plain(self.range)));
        for number in (worker as u64..).step_by(self.jobs) {
            let progress = if number == 0 {
                Progress::new(first.reader.clone())
            } else {
                let start = self.until(number - 1);
                if self.range.end.is_some_and(|end| start >= end) {
                    return;
                }
                Progress::new(Reader::new(Options { start, input: None, ..self.options }))
            };
            let part = self.read(progress, self.until(number), product.empty(), &mut input);
            if parts.send(part).is_err() {
                return;
            }
        }
    }

    fn read<'s>(
        &self,
        mut progress: Progress,
        until: Lsn,
        product: Product<'s>,
        input: &mut Input,
    ) -> Part<'s> {
        let mut made = Made { product, behind: None, first: None };
        let end = progress.read_on(input, until, self.version, self.interrupt, &mut made);
        Part { until, made, progress, end: end.ok() }
    }
}

/// What is made of a part's records.
struct Made<'s> {
    product: Product<'s>,
    /// Where the first record behind the part begins, and what is made of it.
    behind: Option<(Lsn, Product<'s>)>,
    first: Option<(Lsn, Version)>,
}

impl Taker for Made<'_> {
    fn begin(&mut self, first: &Record<'_>) {
        self.first = Some((first.lsn(), first.version()));
    }

    fn take(&mut self, record: &Record<'_>) -> Result<bool, Stop> {
        self.product.take(record);
        Ok(false)
    }

    fn behind(&mut self, record: &Record<'_>) {
        let mut product = self.product.empty();
        product.take(record);
        self.behind = Some((record.lsn(), product));
    }

    fn bulk(&mut self) -> Option<&mut Statistics> {
        self.product.bulk()
    }
}

/// A part that was read.
struct Part<'s> {
    until: Lsn,
    made: Made<'s>,
    progress: Progress,
    /// `None`: bytes could not be read.
    end: Option<End>,
}

/// Who wants the parts, in their order.
pub(super) trait Sink<'s> {
    /// The first record of all.
    fn first(&mut self, lsn: Lsn, version: Version);

    /// What was made of the next records.
    fn add(&mut self, product: Product<'s>) -> Result<(), Stop>;
}

/// Reads with several threads. Returns how far that was, and whether it was all; else reading goes on
/// from there.
///
/// `first` is where reading begins, `product` what is made of no record.
pub(super) fn read<'s>(
    plan: Plan<'_>,
    first: &Progress,
    product: &Product<'s>,
    sink: &mut impl Sink<'s>,
) -> Result<(Progress, bool), Stop> {
    thread::scope(|scope| {
        let parts: Vec<_> = (0..plan.jobs)
            .map(|worker| {
                // One part waits while the next one is read.
                let (sender, receiver) = sync_channel(1);
                scope.spawn(move || plan.work(worker, first, product, &sender));
                receiver
            })
            .collect();
        join(first, &parts, sink)
    })
}

/// Puts the parts together as far as one continues the other.
fn join<'s>(
    first: &Progress,
    parts: &[Receiver<Part<'s>>],
    sink: &mut impl Sink<'s>,
) -> Result<(Progress, bool), Stop> {
    // How far reading has come, and the record there, which the next part should begin with.
    let mut last: Option<(Progress, Lsn, Product<'s>)> = None;
    for receiver in parts.iter().cycle() {
        let part = receiver.recv().ok();
        if let Some((progress, behind, product)) = last.take() {
            if part.as_ref().is_some_and(|part| behind >= part.until) {
                // A record covers all of this part.
                last = Some((progress, behind, product));
                continue;
            }
            let meets = |part: &Part<'_>| {
                part.progress.first.is_some() && part.progress.first == progress.reader.joint()
            };
            if !part.as_ref().is_some_and(meets) {
                sink.add(product)?;
                return Ok((progress, false));
            }
        } else if let Some((lsn, version)) = part.as_ref().and_then(|part| part.made.first) {
            sink.first(lsn, version);
        }
        let Some(Part { made, progress, end, .. }) = part else { break };
        sink.add(made.product)?;
        match (end, made.behind) {
            (Some(End::Behind), Some((lsn, product))) => last = Some((progress, lsn, product)),
            (end, _) => return Ok((progress, matches!(end, Some(End::Done)))),
        }
    }
    Ok((Progress::new(first.reader.clone()), false))
}
