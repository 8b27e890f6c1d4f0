//! Reads record after record and does with each what is asked for.

use std::io::{self, Stdout, Write};
use std::num::NonZeroUsize;
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

use walscope_core::Lsn;
use walscope_core::wal::stats::Statistics;
use walscope_core::wal::{ErrorKind, Options, PAGE_SIZE, Reader, Record, SegmentSize, Version};

use super::directory::Range;
use super::fullpage;
use super::input::Input;
use super::interrupt::Interrupt;
use super::messages::{Stop, Voice};
use super::parallel::{self, Plan, Sink};
use super::product::{Asked, Product};
use super::source::{End, Progress, Taker};

/// Text is handed over when there is so much of it.
const OUTPUT_SIZE: usize = 64 * 1024;

/// When the log is followed, how long it is waited at its end, and in what pieces, for an interrupt
/// ends it.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_PIECE: Duration = Duration::from_millis(100);

/// More threads than this read no faster, and each holds parts of the output.
const MOST_JOBS: usize = 16;

/// A run.
#[derive(Debug)]
pub(super) struct Dump<'s> {
    options: Options,
    input: Input,
    progress: Progress,
    interrupt: Interrupt,
    voice: &'s Voice,
    work: Work<'s>,
}

impl<'s> Dump<'s> {
    pub(super) fn new(asked: Asked<'s>, voice: &'s Voice, options: Options, input: Input) -> Self {
        let interrupt = match input {
            Input::Segments(_) => Interrupt::catch(),
            // Waiting for input cannot be interrupted but by the end of the process.
            Input::Stream(_) => Interrupt::default(),
        };
        let progress = Progress::new(Reader::new(options));
        let work = Work::new(asked, voice, options);
        Self { options, input, progress, interrupt, voice, work }
    }

    /// Reads all: several parts of `range` at once, where that helps. What was printed before an error
    /// comes before it.
    pub(super) fn run(mut self, range: Option<&Range>) -> Result<(), Stop> {
        let result = self.read_all(range);
        if result.is_ok() {
            let version = self.version();
            self.work.product.finish(version);
        }
        self.work.flush()?;
        match result? {
            End::Error(error) => {
                let last = self.progress.reader.last_record();
                Err(Stop::fatal(format!("error in WAL record at {last}: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn version(&self) -> Version {
        self.progress.reader.version().unwrap_or(self.voice.version)
    }

    fn read_all(&mut self, range: Option<&Range>) -> Result<End, Stop> {
        let start = self.options.start;
        self.check_first_page()?;
        let mut is_all = match range {
            Some(range) => self.read_parts(range)?,
            None => false,
        };
        loop {
            let end = if is_all { End::Done } else { self.read_on()? };
            is_all = false;
            if self.progress.end == Lsn::INVALID && !self.interrupt.came() {
                // Only a catalog makes this an error.
                if let End::Error(error) = end
                    && matches!(error.kind(), ErrorKind::SystemIdentifier { .. })
                {
                    let detail = Some("The catalog is of another cluster.".to_owned());
                    return Err(Stop::Fatal { message: error.to_string(), detail });
                }
                return Err(Stop::fatal(format!("could not find a valid record after {start}")));
            }
            let is_done = matches!(end, End::Done);
            if is_done || !self.work.asked.settings.follow || self.interrupt.came() {
                return Ok(if self.interrupt.came() { End::Done } else { end });
            }
            self.work.flush()?;
            self.wait();
            self.begin_again();
        }
    }

    /// Reads several parts of the log at once, if that can be. Returns whether that was all.
    fn read_parts(&mut self, range: &Range) -> Result<bool, Stop> {
        let settings = self.work.asked.settings;
        let cores = || available_parallelism().map_or(1, NonZeroUsize::get);
        let plan = Plan {
            range,
            options: self.options,
            version: self.voice.version,
            interrupt: &self.interrupt,
            jobs: settings.jobs.map_or_else(cores, NonZeroUsize::get).min(MOST_JOBS),
        };
        if !settings.can_be_split() || !range.place.can_be_shared() || !plan.is_worth_it() {
            return Ok(false);
        }
        let empty = self.work.product.empty();
        let (progress, is_all) = parallel::read(plan, &self.progress, &empty, &mut self.work)?;
        self.progress = progress;
        Ok(is_all)
    }

    /// Where reading begins within a segment, the segment's first page is looked at all the same
    /// (`ReadPageInternal`).
    fn check_first_page(&mut self) -> Result<(), Stop> {
        let Self { options: Options { start, segment_size, .. }, .. } = *self;
        let version = self.version();
        let (Input::Segments(segments), Some(size)) = (&mut self.input, segment_size) else {
            return Ok(());
        };
        let first = size.start(size.number(start));
        if start.0 - first.0 < u64::from(PAGE_SIZE) {
            return Ok(());
        }
        let Some(page) = segments.read(first, first, version)? else { return Ok(()) };
        self.progress
            .reader
            .check_page(first, page)
            .map_err(|_| Stop::fatal(format!("could not find a valid record after {start}")))
    }

    /// Reads up to the end of what was asked for or to an error.
    fn read_on(&mut self) -> Result<End, Stop> {
        let Self { input, progress, interrupt, voice, work, .. } = self;
        progress.read_on(input, Lsn(u64::MAX), voice.version, interrupt, work)
    }

    fn wait(&self) {
        let mut left = WAIT;
        while !left.is_zero() && !self.interrupt.came() {
            sleep(WAIT_PIECE);
            left = left.saturating_sub(WAIT_PIECE);
        }
    }

    /// Reads again what could not be read, which the server may have written meanwhile.
    fn begin_again(&mut self) {
        let options = Options { start: self.progress.end, input: None, ..self.options };
        let version = self.progress.reader.version();
        self.progress.begin_again(Reader::new(Options { version, ..options }));
    }
}

/// What is done with records.
#[derive(Debug)]
struct Work<'s> {
    asked: Asked<'s>,
    voice: &'s Voice,
    options: Options,
    product: Product<'s>,
    /// Records that passed the filters.
    taken: i32,
    stdout: Stdout,
}

impl<'s> Work<'s> {
    fn new(asked: Asked<'s>, voice: &'s Voice, options: Options) -> Self {
        let product = Product::new(asked);
        Self { asked, voice, options, product, taken: 0, stdout: io::stdout() }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let text = std::mem::take(&mut self.product.out);
        self.print(&text)?;
        self.product.out = text;
        self.product.out.clear();
        Ok(())
    }

    fn print(&mut self, text: &[u8]) -> Result<(), Stop> {
        let mut stdout = self.stdout.lock();
        let written = stdout.write_all(text).and_then(|()| stdout.flush());
        written.map_err(|error| Stop::output(&error))
    }
}

impl Taker for Work<'_> {
    fn begin(&mut self, first: &Record<'_>) {
        self.first(first.lsn(), first.version());
    }

    fn take(&mut self, record: &Record<'_>) -> Result<bool, Stop> {
        if !self.product.take(record) {
            return Ok(false);
        }
        if self.product.out.len() >= OUTPUT_SIZE {
            self.flush()?;
        }
        if let Some(directory) = &self.asked.settings.save_fullpage {
            let timeline = self.options.timeline.unwrap_or_else(|| record.place().timeline);
            fullpage::save(record, timeline, directory)?;
        }
        self.taken = self.taken.saturating_add(1);
        Ok(self.asked.settings.limit > 0 && self.taken >= self.asked.settings.limit)
    }

    fn behind(&mut self, record: &Record<'_>) {
        // All of the log is to be read; a record at its very last byte would be one of it.
        self.product.take(record);
    }

    fn bulk(&mut self) -> Option<&mut Statistics> {
        self.product.bulk()
    }
}

impl<'s> Sink<'s> for Work<'s> {
    /// What comes before the first record.
    fn first(&mut self, lsn: Lsn, version: Version) {
        let start = self.options.start;
        let size: SegmentSize = self.options.segment_size.unwrap_or_default();
        if lsn != start && size.offset(start) != 0 {
            let skipped = lsn.0.wrapping_sub(start.0);
            let bytes = if skipped == 1 { "byte" } else { "bytes" };
            let text =
                format!("first record is after {start}, at {lsn}, skipping over {skipped} {bytes}");
            // It was a line of the output before PostgreSQL 17.
            if version >= Version::V17 || self.asked.settings.is_json {
                self.voice.info(&text);
            } else {
                self.product.out.extend_from_slice(text.as_bytes());
                self.product.out.push(b'\n');
            }
        }
        self.product.begin(lsn);
    }

    fn add(&mut self, product: Product<'s>) -> Result<(), Stop> {
        self.flush()?;
        self.product.merge(&product);
        self.print(&product.out)
    }
}
