//! Puts transactions together that the server sends in pieces, on the consumer's side of a stream:
//! feedback leaves while files are written.

use bytes::{Buf, Bytes};
use walscope_core::Lsn;
use walscope_core::capture::Reader;
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::transaction::{Assembler, Step, View};

use super::batch::Batch;
use crate::error::Result;
use crate::spill::SpillFiles;

#[derive(Debug)]
pub(super) struct Assembly {
    assembler: Assembler<SpillFiles>,
    /// What was received and not looked at.
    rest: Bytes,
    /// The connection that it came from, counted from 1.
    connection: u64,
}

impl Assembly {
    pub(super) fn new(files: SpillFiles, memory: usize) -> Self {
        let reader = Reader::of_connection(MAX_MESSAGE);
        let assembler = Assembler::new(View::Transactions, reader, files, memory);
        Self { assembler, rest: Bytes::new(), connection: 1 }
    }

    /// The connection that the last bytes came from.
    pub(super) fn connection(&self) -> u64 {
        self.connection
    }

    /// Where the last item ends that was given.
    pub(super) fn position(&self) -> Lsn {
        self.assembler.position()
    }

    /// Bytes of transactions whose end has not come, in memory and in files.
    pub(super) fn held_bytes(&self) -> (usize, u64) {
        self.assembler.held_bytes()
    }

    /// Goes on with what was received. On another connection the consumer has what is said, so many
    /// items up to there, and all else comes again.
    pub(super) fn receive(&mut self, bytes: Bytes, (connection, items, position): (u64, u64, Lsn)) {
        if connection != self.connection {
            self.assembler.disconnect(items, position);
            self.connection = connection;
        }
        self.rest = bytes;
    }

    /// The next whole entries, unless more has to be received.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let bytes = match self.assembler.next(&self.rest)? {
                Step::Pass(length) => self.rest.split_to(length),
                Step::Assembled(assembled) => Bytes::copy_from_slice(assembled.bytes),
                Step::Hold(length) => {
                    self.rest.advance(length);
                    continue;
                }
                Step::NeedMore(_) => return Ok(None),
            };
            return Ok(Some(Batch::new(bytes, self.assembler.items())));
        }
    }
}
