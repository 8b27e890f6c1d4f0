//! What is done with the log as it comes: checked, written, flushed, reported.

use walscope_core::wal::{Options, Reader, SegmentSize};
use walscope_core::{Lsn, TimelineId};

use super::messages::Voice;
use super::options::Settings;
use crate::cli::pg_tool::Stop;
use crate::{
    Error, PhysicalControl, PhysicalEvent, PhysicalStream, SegmentWriter, TimelineSwitch, WalData,
    WalPositions,
};

/// So many events are taken in before the server is told.
const ROUND: usize = 16;

/// How receiving has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it was wanted to.
    Stopped,
}

pub(super) struct Receiver<'s> {
    settings: &'s Settings,
    voice: Voice,
    writer: Option<SegmentWriter>,
    control: Option<PhysicalControl>,
    stream: Option<PhysicalStream>,
    size: SegmentSize,
    system_id: u64,
    /// Checks the records, if that is wanted.
    reader: Option<Reader>,
    /// The end of what was written last.
    received: Lsn,
    /// The timeline of it, once there is one.
    timeline: Option<TimelineId>,
    stopped: bool,
}

impl<'s> Receiver<'s> {
    pub(super) fn new(settings: &'s Settings, voice: Voice) -> Self {
        Self {
            settings,
            voice,
            writer: None,
            control: None,
            stream: None,
            size: SegmentSize::default(),
            system_id: 0,
            reader: None,
            received: Lsn::INVALID,
            timeline: None,
            stopped: false,
        }
    }

    pub(super) fn voice(&self) -> Voice {
        self.voice
    }

    /// The end of what was written last.
    pub(super) fn received(&self) -> Lsn {
        self.received
    }

    /// Takes over a writer, and says whether there is nothing to receive.
    pub(super) fn begin(
        &mut self,
        writer: SegmentWriter,
        size: SegmentSize,
        system_id: u64,
    ) -> Option<Verdict> {
        (self.size, self.system_id) = (size, system_id);
        self.reader = self.reader_at(writer.timeline(), writer.position());
        let (position, timeline) = (writer.position(), writer.timeline());
        self.writer = Some(writer);
        self.stops(position, timeline, false)
    }

    fn reader_at(&self, timeline: TimelineId, start: Lsn) -> Option<Reader> {
        let options = Options {
            start,
            input: Some(start),
            segment_size: Some(self.size),
            timeline: Some(timeline),
            system_identifier: Some(self.system_id),
            ..Options::default()
        };
        self.settings.verify.then(|| Reader::new(options))
    }

    /// Receives until the end that was asked for, or an error. Dropping the future loses nothing:
    /// [`finish`](Self::finish) closes what is open.
    pub(super) async fn receive(&mut self, stream: PhysicalStream) -> Result<Verdict, Error> {
        self.control = Some(stream.control());
        self.stream = Some(stream);
        loop {
            let Some(stream) = &mut self.stream else { return Err(Error::Closed) };
            let mut next = stream.next().await?;
            let mut wants_flush = self.settings.synchronous;
            let mut events = 0;
            while let Some(event) = next.take() {
                wants_flush |= event == PhysicalEvent::FlushWanted;
                if let Some(verdict) = self.take(event)? {
                    return Ok(verdict);
                }
                events += 1;
                if let Some(stream) = self.stream.as_mut().filter(|_| events < ROUND) {
                    next = stream.try_next()?;
                }
            }
            if wants_flush
                && self.reports_flush()
                && let Some(writer) = &mut self.writer
            {
                writer.sync()?;
            }
            self.report()?;
        }
    }

    fn take(&mut self, event: PhysicalEvent) -> Result<Option<Verdict>, Error> {
        match event {
            PhysicalEvent::Data(data) => self.data(&data),
            PhysicalEvent::Timeline(switch) => self.switch(&switch),
            _ => Ok(None),
        }
    }

    /// Writes data, segment by segment.
    fn data(&mut self, data: &WalData) -> Result<Option<Verdict>, Error> {
        let mut bytes = &data.bytes[..];
        let mut start = data.start;
        while !bytes.is_empty() {
            let room = (self.size.get() - self.size.offset(start)) as usize;
            let piece = bytes.get(..room).unwrap_or(bytes);
            self.check(piece)?;
            let Some(writer) = &mut self.writer else { break };
            let written = writer.write(start, piece)?;
            start = writer.position();
            self.received = start;
            bytes = bytes.get(written..).unwrap_or_default();
            let finished = self.size.offset(start) == 0;
            if let Some(verdict) = self.stops(start, data.timeline, finished) {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    /// Checks the records in these bytes.
    fn check(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        loop {
            match reader.next(&mut piece) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => {
                    return Err(Error::config_hint(
                        format!(
                            "what the server sent is no right log at {}: {error}",
                            reader.failed_record()
                        ),
                        "It is not written. Compare the server's own segment with pg_waldump",
                    ));
                }
            }
        }
    }

    fn switch(&mut self, switch: &TimelineSwitch) -> Result<Option<Verdict>, Error> {
        self.close_file()?;
        let Some(writer) = &mut self.writer else { return Ok(None) };
        writer.write_history(&switch.history)?;
        writer.go_on(switch.timeline, switch.start)?;
        self.reader = self.reader_at(switch.timeline, switch.start);
        Ok(self.stops(switch.start, switch.timeline, false))
    }

    /// Whether the end that was asked for is reached (`stop_streaming`).
    fn stops(&mut self, at: Lsn, timeline: TimelineId, finished: bool) -> Option<Verdict> {
        let verbose = self.settings.verbose;
        if verbose && finished {
            self.voice.info(format_args!("finished segment at {at} (timeline {timeline})"));
        }
        let end = self.settings.end;
        if end.is_valid() && end < at {
            if verbose {
                let voice = self.voice;
                voice.info(format_args!("stopped log streaming at {at} (timeline {timeline})"));
            }
            self.stopped = true;
            return Some(Verdict::Stopped);
        }
        if verbose && self.timeline.is_some_and(|before| before != timeline) {
            let before = self.received;
            self.voice.info(format_args!("switched to timeline {timeline} at {before}"));
        }
        self.timeline = Some(timeline);
        None
    }

    /// A signal has come.
    pub(super) fn interrupted(&mut self) -> Verdict {
        if self.settings.verbose {
            self.voice.info("received interrupt signal, exiting");
        }
        self.stopped = true;
        Verdict::Stopped
    }

    /// Without a slot nobody needs to know, and the server would take us for a synchronous standby if
    /// `synchronous_standby_names` is so generous.
    fn reports_flush(&self) -> bool {
        self.settings.slot.is_some() || self.settings.synchronous
    }

    fn report(&self) -> Result<(), Error> {
        let (Some(writer), Some(control)) = (&self.writer, &self.control) else { return Ok(()) };
        let positions = writer.positions();
        let flushed = if self.reports_flush() { positions.flushed } else { Lsn::INVALID };
        control.report(WalPositions { flushed, ..positions })
    }

    fn close_file(&mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if let Some(name) = writer.file_name() {
            self.voice.info(format_args!("not renaming \"{name}\", segment is not complete"));
        }
        writer.close()
    }

    /// Closes what is open, and tells the server how far we are.
    pub(super) async fn finish(&mut self) -> Result<(), Stop> {
        self.close_file()?;
        let reported = self.report();
        self.writer = None;
        self.control = None;
        if let Some(stream) = self.stream.take()
            && self.stopped
        {
            reported?;
            // What is written is safe; that the server does not hear of it now costs nothing.
            let _ = stream.close().await;
        }
        Ok(())
    }
}
