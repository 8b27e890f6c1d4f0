//! Puts transactions together that the server sends in pieces, on the consumer's side of a stream:
//! feedback leaves while files are written.

use bytes::{Buf, Bytes};
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
}

impl Assembly {
    pub(super) fn new(files: SpillFiles, memory: usize) -> Self {
        let reader = Reader::of_connection(MAX_MESSAGE);
        let assembler = Assembler::new(View::Transactions, reader, files, memory);
        Self { assembler, rest: Bytes::new() }
    }

    /// Goes on with what was received; the last of it was looked at.
    pub(super) fn receive(&mut self, bytes: Bytes) {
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
