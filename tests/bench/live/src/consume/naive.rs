//! A read loop without any client around it: it reads as soon as something is there, decodes with
//! walscope's decoder, and confirms once a second and at the end. It does without TLS, and needs a user
//! who is trusted.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use walscope_core::frame::{COPY_DATA, FRAME_HEADER, FrameDecoder, Step};
use walscope_core::pgoutput::{Decoder, Message};
use walscope_core::{Lsn, ReplicationMessage, StandbyStatusUpdate, Timestamp};

use super::{HOST, Job, Outcome};
use crate::tally::Tally;

const READ_SIZE: usize = 256 * 1024;
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Protocol 3.0, before the parameters of a start-up message.
const PROTOCOL: [u8; 4] = [0, 3, 0, 0];
/// Messages of the server that are waited for.
const READY_FOR_QUERY: u8 = b'Z';
const COPY_BOTH: u8 = b'W';
const ERROR: u8 = b'E';
const QUERY: u8 = b'Q';
const COPY_DONE: [u8; FRAME_HEADER] = [b'c', 0, 0, 0, 4];

struct Loop {
    socket: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    frames: FrameDecoder,
}

pub fn run(job: &Job, pause: Duration, tally: &mut Tally) -> Outcome {
    if job.tls {
        return Err("the bare read loop has no TLS".into());
    }
    let mut read = Loop::connect(job)?;
    let mut decoder = Decoder::default();
    let (mut confirmed, mut told, mut done) = (Lsn::INVALID, Instant::now(), false);
    while !done {
        let short = read.fill()?;
        let mut reply = told.elapsed() > STATUS_INTERVAL;
        read.frames(|tag, body| {
            if tag != COPY_DATA {
                return Ok(true);
            }
            match ReplicationMessage::decode(body)? {
                ReplicationMessage::PrimaryKeepalive(keepalive) => {
                    reply |= keepalive.reply_requested;
                }
                ReplicationMessage::XLogData(data) => {
                    let message = decoder.decode(data.data)?;
                    tally.message(&message);
                    if let Message::Commit(commit) = message {
                        confirmed = commit.end_lsn;
                        done = tally.ended();
                    }
                }
            }
            Ok(true)
        })?;
        if reply || done {
            read.tell(confirmed)?;
            told = Instant::now();
        }
        if short && !done && !pause.is_zero() {
            sleep(pause);
        }
    }
    read.socket.write_all(&COPY_DONE)?;
    read.wait_for(COPY_DONE[0])
}

impl Loop {
    fn connect(job: &Job) -> Result<Self, Box<dyn std::error::Error>> {
        let socket = TcpStream::connect((HOST, job.port))?;
        socket.set_nodelay(true)?;
        let frames = FrameDecoder::default();
        let mut read = Self { socket, buffer: vec![0; READ_SIZE], filled: 0, frames };
        let parameters =
            format!("user\0{}\0database\0{}\0replication\0database\0\0", job.user, job.database);
        let length = u32::try_from(4 + PROTOCOL.len() + parameters.len())?;
        read.socket
            .write_all(&[&length.to_be_bytes()[..], &PROTOCOL, parameters.as_bytes()].concat())?;
        read.wait_for(READY_FOR_QUERY)?;
        let binary = if job.binary { ", \"binary\" 'true'" } else { "" };
        let query = format!(
            "START_REPLICATION SLOT \"{}\" LOGICAL 0/0 (\"proto_version\" '1', \
             \"publication_names\" '{}'{binary})\0",
            job.slot, job.publication
        );
        let length = u32::try_from(4 + query.len())?;
        read.socket.write_all(&[&[QUERY][..], &length.to_be_bytes(), query.as_bytes()].concat())?;
        read.wait_for(COPY_BOTH)?;
        Ok(read)
    }

    /// Reads once. Returns whether that was all there is.
    fn fill(&mut self) -> std::io::Result<bool> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.socket.read(&mut self.buffer[self.filled..])?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += read;
        Ok(self.filled < self.buffer.len())
    }

    /// Gives every whole message that has come, as long as more are wanted.
    fn frames(
        &mut self,
        mut each: impl FnMut(u8, &[u8]) -> walscope_core::Result<bool>,
    ) -> Outcome {
        let (mut at, mut more) = (0, true);
        while more
            && let Step::Frame(frame, length) = self.frames.next(&self.buffer[at..self.filled])?
        {
            if frame.tag == ERROR {
                return Err(String::from_utf8_lossy(frame.body).into());
            }
            more = each(frame.tag, frame.body)?;
            at += length;
        }
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        Ok(())
    }

    /// Passes over messages up to one of that kind.
    fn wait_for(&mut self, wanted: u8) -> Outcome {
        let mut found = false;
        loop {
            self.frames(|tag, _| {
                found = tag == wanted;
                Ok(!found)
            })?;
            if found {
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn tell(&mut self, lsn: Lsn) -> std::io::Result<()> {
        let status = StandbyStatusUpdate {
            received: lsn,
            flushed: lsn,
            applied: lsn,
            client_time: Timestamp::default(),
            reply_requested: false,
        };
        let length = 4 + StandbyStatusUpdate::SIZE as u8;
        self.socket.write_all(&[&[COPY_DATA, 0, 0, 0, length][..], &status.encode()].concat())
    }
}
